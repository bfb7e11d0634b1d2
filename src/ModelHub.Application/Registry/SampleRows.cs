using System.Globalization;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Registry;

/// <summary>Rows to try a model on: nothing, zeros, and the middle of what training saw.</summary>
internal static class SampleRows
{
    /// <summary>Null when the model does not name its inputs.</summary>
    public static Table? Of(ModelHeader header)
    {
        if (header.Inputs.Count == 0)
            return null;
        var columns = header.Inputs.Select(Column (input) =>
        {
            if (input.Levels is { Count: > 0 } levels)
                return new TextColumn(input.Name, ColumnKind.Category, [null, levels[0], levels[^1]]);
            var middle = input is { Min: { } min, Max: { } max } ? min + (max - min) / 2 : 1;
            return input.Kind == ColumnKind.Text
                ? new TextColumn(input.Name, ColumnKind.Text, [null, "", "a"])
                : new NumericColumn(input.Name, ColumnKind.Numeric, [double.NaN, 0, middle]);
        });
        return new Table([.. columns], 3);
    }

    /// <summary>What of the outputs of the two rows that have values is no prediction; null when all are.</summary>
    public static string? Problem(ModelHeader header, double[] outputs)
    {
        var width = header.Task == TaskKind.Regression ? 1 : header.Classes.Count;
        if (outputs.Length != 3 * width)
            return $"it answers {outputs.Length} numbers for 3 rows, where {3 * width} belong";
        for (var i = width; i < outputs.Length; i++)
        {
            if (!double.IsFinite(outputs[i]) || header.Task != TaskKind.Regression && outputs[i] is < -1e-6 or > 1 + 1e-6)
            {
                var said = outputs[i].ToString("R", CultureInfo.InvariantCulture);
                return $"it answers {said}, which is no {(header.Task == TaskKind.Regression ? "number" : "probability")}";
            }
        }
        return null;
    }
}
