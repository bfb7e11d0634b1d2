using ModelHub.Application.Arrow;
using ModelHub.Engine.Inference;
using Encoding = ModelHub.Engine.Preparation.Encoding;

namespace ModelHub.Application.Registry;

/// <summary>Whether an Arrow schema that came with an upload describes what the model reads.</summary>
internal static class SchemaFit
{
    /// <summary>What does not fit, in words; null when all does. A single list stands for all inputs in their order.</summary>
    public static string? Problem(ArrowSchema schema, ModelHeader header)
    {
        if (schema.Fields.Count == 0)
            return "the input schema has no fields";
        if (header.Inputs.Count == 0)
            return null; // the model does not name its inputs
        if (schema.Fields is [{ Type: ArrowType.FixedSizeList } list])
        {
            return list.Width == header.Inputs.Count ? null
                : $"the input schema's '{list.Name}' has {list.Width} values, the model reads {header.Inputs.Count}";
        }
        if (schema.Fields is [{ Type: ArrowType.List or ArrowType.LargeList }])
            return null;
        foreach (var field in schema.Fields)
        {
            var input = header.Inputs.FirstOrDefault(i => i.Name == field.Name);
            if (input is null)
                return $"the input schema has '{field.Name}', which the model does not read; it reads {Some(header)}";
            if (field.IsText && field.Dictionary is null && input.Encoding == Encoding.Number && input.Kind != Engine.Data.ColumnKind.Text)
                return $"the input schema says that '{field.Name}' is text, and the model reads a number there";
        }
        var known = schema.Fields.Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        return header.Inputs.FirstOrDefault(i => !known.Contains(i.Name)) is { } missing
            ? $"the input schema lacks '{missing.Name}', which the model reads" : null;
    }

    private static string Some(ModelHeader header) =>
        string.Join(", ", header.Inputs.Take(10).Select(i => $"'{i.Name}'")) + (header.Inputs.Count > 10 ? ", …" : "");
}
