using System.Globalization;
using System.Text.Json;
using ModelHub.Api.Errors;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>
/// The members of a request, from JSON or a form. Clients of this dialect send numbers and booleans as text and objects as JSON text,
/// leave bodies out and tell "null" from "not named": each is read here. What is wrong is gathered, by field, and refused at once.
/// </summary>
internal sealed class RequestFields
{
    private const int LongestText = 1 << 20;
    private readonly Dictionary<string, List<JsonElement>> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _errors = new(StringComparer.Ordinal);

    public RequestFields()
    {
    }

    public RequestFields(JsonElement body)
    {
        foreach (var member in body.EnumerateObject())
            _values[member.Name] = [member.Value];
    }

    /// <summary>Reads a JSON body; none at all is an empty object.</summary>
    public static async Task<RequestFields> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentType is { Length: > 0 } type && !type.Contains("json", StringComparison.OrdinalIgnoreCase) && request.ContentLength is not 0)
            throw new HttpRefusalException(415, "unsupported_media_type", $"The content type '{type}' is not understood here; send application/json.");
        // What is held whole; the server's own bound is that of files.
        BodyLimit.Hold(request.HttpContext, JsonBodyLimit.Plain);
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, cancellation);
        if (buffer.Length == 0)
            return new RequestFields();
        try
        {
            using var document = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
            return document.RootElement.ValueKind == JsonValueKind.Object ? new RequestFields(document.RootElement.Clone())
                : throw new MalformedBodyException("The body is no JSON object.");
        }
        catch (JsonException broken)
        {
            throw new MalformedBodyException($"The body is not JSON: line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}.");
        }
    }

    /// <summary>Adds a part of a form; a name may come again.</summary>
    public void Add(string name, string value)
    {
        if (!_values.TryGetValue(name, out var list))
            _values[name] = list = [];
        list.Add(JsonSerializer.SerializeToElement(value));
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public void Refuse(string name, string message) => _errors.TryAdd(name, message);

    /// <exception cref="ModelHubException">Something was wrong; all of it, by field.</exception>
    public void Check()
    {
        if (_errors.Count > 0)
            throw new ModelHubException(ErrorKind.Invalid, "invalid", string.Join(" ", _errors.Select(e => $"{e.Key}: {e.Value}")), _errors);
    }

    /// <summary>A string; null when not named or null.</summary>
    public string? Text(string name, int most = 10_000, bool required = false, bool blank = true)
    {
        if (Value(name) is not { } value)
        {
            if (required)
                Refuse(name, "This field is required.");
            return null;
        }
        if (value.ValueKind != JsonValueKind.String)
            Refuse(name, "A string is expected.");
        else if (value.GetString()!.Length > most)
            Refuse(name, $"At most {most} characters are allowed.");
        else if (!blank && string.IsNullOrWhiteSpace(value.GetString()))
            Refuse(name, "It must not be empty.");
        else if (value.GetString()!.Contains('\0', StringComparison.Ordinal))
            Refuse(name, "It must not have a null character.");
        else
            return value.GetString();
        return null;
    }

    public bool? Flag(string name, bool required = false)
    {
        if (Value(name) is not { } value || value.ValueKind == JsonValueKind.String && value.GetString()!.Length == 0)
        {
            if (required)
                Refuse(name, "This field is required.");
            return null;
        }
        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return value.GetBoolean();
        if (value.ValueKind == JsonValueKind.String && bool.TryParse(value.GetString(), out var flag))
            return flag;
        Refuse(name, "true or false is expected.");
        return null;
    }

    public long? Whole(string name, long least, long most)
    {
        if (Value(name) is not { } value || value.ValueKind == JsonValueKind.String && value.GetString()!.Length == 0)
            return null;
        var isNumber = value.ValueKind == JsonValueKind.Number ? value.TryGetInt64(out var number)
            : long.TryParse(value.ValueKind == JsonValueKind.String ? value.GetString() : null, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        if (isNumber && number >= least && number <= most)
            return number;
        Refuse(name, $"A whole number from {least} to {most} is expected.");
        return null;
    }

    public double? Number(string name, double least, double most)
    {
        if (Value(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most)
            return number;
        Refuse(name, string.Create(CultureInfo.InvariantCulture, $"A number from {least} to {most} is expected."));
        return null;
    }

    /// <summary>One of the words; <paramref name="words"/> maps them.</summary>
    public T? Word<T>(string name, IReadOnlyDictionary<string, T> words, bool required = false)
        where T : struct
    {
        if (Text(name, 200, required) is not { } text)
            return null;
        if (words.TryGetValue(text, out var value))
            return value;
        Refuse(name, $"One of {string.Join(", ", words.Keys)} is expected.");
        return null;
    }

    public Guid? Id(string name, bool required = false)
    {
        if (Text(name, 100, required) is not { } text || text.Length == 0 && !required)
            return null;
        if (HubId.TryParse(text, out var id))
            return id;
        Refuse(name, "This is no id.");
        return null;
    }

    /// <summary>Strings: an array, one string, or a part of a form that comes several times.</summary>
    public IReadOnlyList<string>? Texts(string name, int most, int longest = 500)
    {
        if (!_values.TryGetValue(name, out var values) || values is [{ ValueKind: JsonValueKind.Null }])
            return null;
        var all = values.SelectMany(v => v.ValueKind == JsonValueKind.Array ? v.EnumerateArray() : (IEnumerable<JsonElement>)[v]).ToList();
        if (all.Count > most)
            Refuse(name, $"At most {most} are allowed.");
        else if (all.Exists(v => v.ValueKind != JsonValueKind.String || v.GetString()!.Length > longest))
            Refuse(name, $"Strings of at most {longest} characters are expected.");
        else
            return [.. all.Select(v => v.GetString()!)];
        return null;
    }

    public IReadOnlyList<Guid> Ids(string name, int most)
    {
        var ids = new List<Guid>();
        foreach (var text in Texts(name, most) ?? [])
        {
            if (HubId.TryParse(text, out var id))
                ids.Add(id);
            else
                Refuse(name, $"'{text}' is no id.");
        }
        return ids;
    }

    /// <summary>An object or array, as JSON or as text that holds it; null when not named, null or empty.</summary>
    public JsonElement? Json(string name, JsonValueKind kind = JsonValueKind.Object)
    {
        if (Value(name) is not { } value || value.ValueKind == JsonValueKind.String && value.GetString() is "" or "null")
            return null;
        try
        {
            if (value.ValueKind == JsonValueKind.String && value.GetString()!.Length <= LongestText)
            {
                using var document = JsonDocument.Parse(value.GetString()!);
                value = document.RootElement.Clone();
            }
        }
        catch (JsonException)
        {
            // told below: it stays a string
        }
        if (value.ValueKind == kind)
            return value;
        Refuse(name, $"A JSON {(kind == JsonValueKind.Object ? "object" : "array")} is expected.");
        return null;
    }

    private JsonElement? Value(string name) =>
        _values.TryGetValue(name, out var values) && values[^1].ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? values[^1] : null;
}
