using System.Text.Json;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>JSON as a <see cref="ModelDocument"/>: memory in proportion to the text.</summary>
internal static class JsonModelReader
{
    /// <exception cref="EngineException">It is no JSON, or no object.</exception>
    public static Dictionary<string, object?> Read(ReadOnlySpan<byte> bytes)
    {
        bytes = WithoutNaN(bytes);
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 64 });
            reader.Read();
            var value = Value(ref reader);
            if (reader.Read())
                throw new EngineException("There is something behind the end of the JSON.");
            return value as Dictionary<string, object?> ?? throw new EngineException("The JSON is no object.");
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or FormatException)
        {
            throw new EngineException("The file is no valid JSON: it breaks off or holds a wrong character.");
        }
    }

    /// <summary>XGBoost writes NaN where a split of categories has no threshold. It becomes a number beyond all, which nobody takes for a threshold.</summary>
    private static ReadOnlySpan<byte> WithoutNaN(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf("NaN"u8) < 0)
            return bytes;
        using var copy = new MemoryStream(bytes.Length + 1024);
        var inText = false;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!inText && bytes[i..].StartsWith("NaN"u8))
            {
                copy.Write("9e999"u8);
                i += 2;
                continue;
            }
            copy.WriteByte(bytes[i]);
            if (inText && bytes[i] == '\\' && i + 1 < bytes.Length)
                copy.WriteByte(bytes[++i]);
            else if (bytes[i] == '"')
                inText = !inText;
        }
        return copy.GetBuffer().AsSpan(0, (int)copy.Length);
    }

    private static object? Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = new Dictionary<string, object?>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    members[name] = Value(ref reader);
                }
                return members;
            case JsonTokenType.StartArray:
                return Items(ref reader);
            case JsonTokenType.String:
                return reader.GetString();
            case JsonTokenType.Number:
                return reader.GetDouble();
            case JsonTokenType.True:
                return 1.0;
            case JsonTokenType.False:
                return 0.0;
            default:
                return null;
        }
    }

    private static object Items(ref Utf8JsonReader reader)
    {
        var numbers = new List<double>();
        List<object?>? others = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var isNumber = reader.TokenType is JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False;
            if (others is null && isNumber)
            {
                numbers.Add(reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : reader.TokenType == JsonTokenType.True ? 1 : 0);
                continue;
            }
            others ??= [.. numbers.Select(n => (object?)n)];
            others.Add(Value(ref reader));
        }
        return others is null && numbers.Count > 0 ? numbers.ToArray() : others ?? [];
    }
}
