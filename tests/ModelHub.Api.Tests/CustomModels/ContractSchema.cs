using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>The contract file's rules for bodies: the part of JSON Schema that it uses.</summary>
internal sealed class ContractSchema(JsonElement document)
{
    /// <summary>Fields that may be null although the documents do not say so (decided in the design: null until there is a value).</summary>
    private static readonly HashSet<string> MayBeNull = ["latestVersion", "latestSuccessfulVersion", "template", "completedAt", "buildEnd", "generatedMetadata"];

    /// <summary>What is wrong with a body, as places and reasons; empty when it fits.</summary>
    public List<string> Check(JsonElement schema, JsonElement value)
    {
        var wrong = new List<string>();
        Check(schema, value, "$", wrong);
        return wrong;
    }

    private void Check(JsonElement schema, JsonElement value, string at, List<string> wrong)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            var target = document;
            foreach (var part in reference.GetString()![2..].Split('/'))
                target = target.GetProperty(part);
            Check(target, value, at, wrong);
            return;
        }
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            if (!choices.EnumerateArray().Any(c => Check(c, value).Count == 0))
                wrong.Add($"{at}: fits none of oneOf");
            return;
        }
        if (value.ValueKind == JsonValueKind.Null && schema.TryGetProperty("x-prose-nullable", out _))
            return;
        if (schema.TryGetProperty("type", out var type) && !Types(type).Any(t => Is(t, value)))
        {
            wrong.Add($"{at}: {value.ValueKind} where {type} is documented");
            return;
        }
        if (schema.TryGetProperty("enum", out var words) && !words.EnumerateArray().Any(w => JsonElement.DeepEquals(w, value)))
            wrong.Add($"{at}: {value} is none of {words}");
        Bounds(schema, value, at, wrong);
        if (value.ValueKind == JsonValueKind.Object)
            Members(schema, value, at, wrong);
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var (item, i) in value.EnumerateArray().Select((v, i) => (v, i)))
                Check(items, item, $"{at}[{i}]", wrong);
        }
    }

    private void Members(JsonElement schema, JsonElement value, string at, List<string> wrong)
    {
        if (schema.TryGetProperty("required", out var required))
            wrong.AddRange(required.EnumerateArray().Where(r => !value.TryGetProperty(r.GetString()!, out _)).Select(r => $"{at}: no '{r}'"));
        if (!schema.TryGetProperty("properties", out var properties))
            return;
        HashSet<string?> needed = [.. required.ValueKind == JsonValueKind.Array ? required.EnumerateArray().Select(r => r.GetString()) : []];
        foreach (var property in properties.EnumerateObject())
        {
            // Members without a value are present and null: clients in the field look for them.
            var mayBeNull = MayBeNull.Contains(property.Name) || !needed.Contains(property.Name);
            if (value.TryGetProperty(property.Name, out var member) && !(member.ValueKind == JsonValueKind.Null && mayBeNull))
                Check(property.Value, member, $"{at}.{property.Name}", wrong);
        }
    }

    private static void Bounds(JsonElement schema, JsonElement value, string at, List<string> wrong)
    {
        void Within(string rule, double number, Func<double, double, bool> holds)
        {
            if (schema.TryGetProperty(rule, out var bound) && !holds(number, bound.GetDouble()))
                wrong.Add($"{at}: {rule} is {bound}, found {number}");
        }
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                Within("maxLength", value.GetString()!.Length, (n, b) => n <= b);
                Within("minLength", value.GetString()!.Length, (n, b) => n >= b);
                break;
            case JsonValueKind.Number:
                Within("maximum", value.GetDouble(), (n, b) => n <= b);
                Within("minimum", value.GetDouble(), (n, b) => n >= b);
                Within("exclusiveMinimum", value.GetDouble(), (n, b) => n > b);
                break;
            case JsonValueKind.Array:
                Within("maxItems", value.GetArrayLength(), (n, b) => n <= b);
                Within("minItems", value.GetArrayLength(), (n, b) => n >= b);
                break;
        }
    }

    private static IEnumerable<string> Types(JsonElement type) =>
        type.ValueKind == JsonValueKind.String ? [type.GetString()!] : type.EnumerateArray().Select(t => t.GetString()!);

    private static bool Is(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => false,
    };
}
