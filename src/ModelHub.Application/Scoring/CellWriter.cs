using System.Buffers;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using Encoding = ModelHub.Engine.Preparation.Encoding;

namespace ModelHub.Application.Scoring;

/// <summary>Writes a cell's text into a model's input, read as training data is read.</summary>
internal static class CellWriter
{
    private const int StackChars = 256;

    public static void Set(TrainedModel model, RowBuffer row, int input, ReadOnlySpan<byte> cell)
    {
        cell = CellText.Trim(cell);
        if (CellText.IsMissing(cell))
            return;
        var description = model.Inputs[input];
        if (description.Encoding == Encoding.Number)
        {
            if (CellText.Number(cell, out var number) != NumberShape.None && double.IsFinite(number)
                || description.Kind == ColumnKind.Boolean && CellText.AnyBoolean(cell, out number))
            {
                row.SetNumber(input, number);
                return;
            }
        }
        SetText(row, input, cell);
    }

    private static void SetText(RowBuffer row, int input, ReadOnlySpan<byte> cell)
    {
        if (cell.Length <= StackChars)
        {
            Span<char> chars = stackalloc char[StackChars];
            row.SetText(input, chars[..System.Text.Encoding.UTF8.GetChars(cell, chars)]);
            return;
        }
        var rented = ArrayPool<char>.Shared.Rent(cell.Length);
        row.SetText(input, rented.AsSpan(0, System.Text.Encoding.UTF8.GetChars(cell, rented)));
        ArrayPool<char>.Shared.Return(rented);
    }
}
