using System.Text.Json;
using System.Text.Json.Serialization;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects;

/// <summary>
/// A list of a request that has at most so many items; counted before any of them is made, since megabytes of <c>{},</c> would be gigabytes of objects.
/// </summary>
/// <param name="most">Items that are taken.</param>
/// <param name="name">Of the list's member, for what is said of an item.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class MostItemsAttribute(int most, string? name = null) : JsonConverterAttribute
{
    /// <summary>Of a <see cref="JsonElement"/>: values, lists and objects in all that is within; 0 for no bound of its own.</summary>
    public int Within { get; init; }

    public override JsonConverter CreateConverter(Type typeToConvert) => Nullable.GetUnderlyingType(typeToConvert) is { } inner
        ? new NullableElement(most, Within)
        : typeToConvert == typeof(JsonElement) ? new Element(most, Within)
        : (JsonConverter)Activator.CreateInstance(typeof(List<>).MakeGenericType(typeToConvert.GetGenericArguments()), most, name)!;

    /// <summary>Counts the items of what a reader stands at; the reader is a copy and does not move.</summary>
    private static void Count(Utf8JsonReader reader, int most, int within)
    {
        if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject))
            return;
        var (depth, items, all) = (reader.CurrentDepth, 0, 0);
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject or JsonTokenType.PropertyName)
                continue;
            if (reader.CurrentDepth == depth + 1 && ++items > most)
                throw new ModelHubException(ErrorKind.Invalid, "too_many", $"A list of the request has more than {most} items; item {items} is one too many.");
            if (++all > within && within > 0)
                throw new ModelHubException(ErrorKind.Invalid, "too_many", $"A list of the request has more than {within} values; value {all} is one too many.");
        }
    }

    private sealed class List<T>(int most, string? name) : JsonConverter<IReadOnlyList<T>>
    {
        public override IReadOnlyList<T>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            Count(reader, most, 0);
            try
            {
                return JsonSerializer.Deserialize<T[]>(ref reader, options);
            }
            catch (JsonException wrong) when (wrong.Path is { Length: > 0 } path)
            {
                // It knows its place in the list only.
                throw new JsonException(wrong.Message, $"$.{name}{path[1..]}", wrong.LineNumber, wrong.BytePositionInLine);
            }
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value, options);
    }

    private sealed class Element(int most, int within) : JsonConverter<JsonElement>
    {
        public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            Count(reader, most, within);
            return JsonElement.ParseValue(ref reader);
        }

        public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => value.WriteTo(writer);
    }

    private sealed class NullableElement(int most, int within) : JsonConverter<JsonElement?>
    {
        public override JsonElement? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            Count(reader, most, within);
            return reader.TokenType == JsonTokenType.Null ? null : JsonElement.ParseValue(ref reader);
        }

        public override void Write(Utf8JsonWriter writer, JsonElement? value, JsonSerializerOptions options)
        {
            if (value is { } element)
                element.WriteTo(writer);
            else
                writer.WriteNullValue();
        }
    }
}
