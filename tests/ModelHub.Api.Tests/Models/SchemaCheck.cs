using System.Text.Json;

namespace ModelHub.Api.Tests.Models;

/// <summary>The part of JSON Schema that the contract files use.</summary>
internal sealed class SchemaCheck(JsonElement root)
{
    private readonly List<string> _errors = [];

    public static IReadOnlyList<string> Errors(JsonElement root, string definition, JsonElement value)
    {
        var check = new SchemaCheck(root);
        check.Check(root.GetProperty("$defs").GetProperty(definition), value, "");
        return check._errors;
    }

    private void Check(JsonElement schema, JsonElement value, string path)
    {
        if (schema.ValueKind is JsonValueKind.True)
            return;
        if (schema.TryGetProperty("$ref", out var reference))
            Check(root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]), value, path);
        if (schema.TryGetProperty("allOf", out var all))
            all.EnumerateArray().ToList().ForEach(part => Check(part, value, path));
        if (schema.TryGetProperty("anyOf", out var any) && !any.EnumerateArray().Any(part => Holds(part, value)))
            _errors.Add($"{path}: fits none of the alternatives");
        if (schema.TryGetProperty("const", out var constant) && !JsonElement.DeepEquals(constant, value))
            _errors.Add($"{path}: is not {constant}");
        if (schema.TryGetProperty("format", out var format) && !HasFormat(format.GetString()!, value))
            _errors.Add($"{path}: {value} is no {format}");
        if (schema.TryGetProperty("minimum", out var least) && value.ValueKind == JsonValueKind.Number && value.GetDouble() < least.GetDouble())
            _errors.Add($"{path}: below {least}");
        if (schema.TryGetProperty("type", out var type) && !(type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().ToList() : [type]).Exists(t => IsOf(t.GetString()!, value)))
        {
            _errors.Add($"{path}: {value.ValueKind} is not {type}");
            return;
        }
        if (value.ValueKind == JsonValueKind.Object)
            CheckMembers(schema, value, path);
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
            value.EnumerateArray().Index().ToList().ForEach(i => Check(items, i.Item, $"{path}/{i.Index}"));
    }

    private void CheckMembers(JsonElement schema, JsonElement value, string path)
    {
        if (schema.TryGetProperty("required", out var required))
            _errors.AddRange(required.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _)).Select(name => $"{path}: lacks {name}"));
        foreach (var member in value.EnumerateObject())
        {
            if (schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(member.Name, out var own))
                Check(own, member.Value, $"{path}/{member.Name}");
            else if (schema.TryGetProperty("additionalProperties", out var others) && others.ValueKind == JsonValueKind.Object)
                Check(others, member.Value, $"{path}/{member.Name}");
        }
    }

    private bool Holds(JsonElement schema, JsonElement value)
    {
        var trial = new SchemaCheck(root);
        trial.Check(schema, value, "");
        return trial._errors.Count == 0;
    }

    private static bool HasFormat(string format, JsonElement value) => value.ValueKind != JsonValueKind.String || format switch
    {
        "uuid" => Guid.TryParseExact(value.GetString(), "D", out _),
        "date-time" => value.TryGetDateTimeOffset(out _),
        _ => true,
    };

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => false,
    };
}
