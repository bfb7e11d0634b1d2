using System.Buffers;
using System.Text;
using ModelHub.Application.Parquet;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>
/// Rows with their predictions as Parquet: the columns that are passed through, <c>pred_predict</c>, and <c>prob_…</c> per class. Columns of a Parquet file
/// keep their types; of text, what the model reads as a number is one (null where the cell is none), everything else is text.
/// </summary>
/// <param name="typed">The columns of a Parquet file; null for rows that come as text.</param>
internal sealed class BatchParquet(LoadedModel model, IReadOnlyList<TypedColumn>? typed) : IScoredRowsWriter
{
    private readonly byte[][] _classes = [.. model.Header.Classes.Select(Encoding.UTF8.GetBytes)];
    private ParquetFileWriter? _file;
    private int[] _columns = [];

    public bool TakesColumns => true;

    public void Prepare(RowColumns columns)
    {
        _columns = columns.Asked();
        var given = _columns.Select(c => typed?[c] ?? TextColumn(columns.All[c]));
        _file = new ParquetFileWriter([
            .. given,
            new TypedColumn("pred_predict", model.IsRegression ? CellType.Double : CellType.Text),
            .. model.Header.Classes.Select(c => new TypedColumn("prob_" + c, CellType.Double)),
        ]);
    }

    public void Begin(RowColumns columns, IBufferWriter<byte> output) => output.Write(ParquetFileWriter.Magic);

    public void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output)
    {
        if (block.Count == 0)
            return;
        var group = _file!.Group(block.FirstRow, block.Count, output);
        for (var c = 0; c < _columns.Length; c++)
        {
            if (block.Typed is { } batch)
            {
                group.Write(batch[_columns[c]]);
                continue;
            }
            using var cells = FromText(block, _columns[c], _file.Columns[c]);
            group.Write(cells);
        }
        WritePredictions(group, block);
    }

    public void End(long rows, IBufferWriter<byte> output) => _file!.WriteEnd(output);

    private TypedColumn TextColumn(RowColumn column) => new(column.Name, model.ReadsNumber(column.Input) ? CellType.Double : CellType.Text);

    private void WritePredictions(ParquetRowGroup group, RowBlock block)
    {
        if (model.IsRegression)
        {
            group.Write(block.Outputs);
            return;
        }
        var (numbers, probabilities) = (ArrayPool<int>.Shared.Rent(block.Count), ArrayPool<double>.Shared.Rent(block.Count));
        for (var r = 0; r < block.Count; r++)
            numbers[r] = model.Decide(block.OutputsOf(r));
        group.Write(numbers.AsSpan(0, block.Count), _classes);
        for (var k = 0; k < _classes.Length; k++)
        {
            for (var r = 0; r < block.Count; r++)
                probabilities[r] = block.Outputs[r * _classes.Length + k];
            group.Write(probabilities.AsSpan(0, block.Count));
        }
        ArrayPool<int>.Shared.Return(numbers);
        ArrayPool<double>.Shared.Return(probabilities);
    }

    private static BatchColumn FromText(RowBlock block, int column, TypedColumn to)
    {
        var cells = new BatchColumn(to, block.Count);
        for (var r = 0; r < block.Count; r++)
        {
            var cell = block.CellOf(r, column);
            var text = block.TextOf(cell);
            if (to.Type == CellType.Text)
            {
                text.CopyTo(cells.RoomForTexts(r, [text.Length], text.Length));
                if (cell.Kind == CellKind.Missing)
                    cells.SetMissing(r);
            }
            else if (cell.Kind == CellKind.Missing || !RowBlock.TryNumber(text, out var number))
            {
                cells.SetMissing(r);
            }
            else
            {
                BitConverter.TryWriteBytes(cells.Room(r, 1), number);
            }
        }
        return cells;
    }
}
