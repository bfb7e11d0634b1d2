using ModelHub.Application.CustomModels.Insights;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Scoring;

/// <summary>What the model makes of the rows.</summary>
public sealed partial class RowBlock
{
    /// <summary>Cells that rows may have as a table whatever they name; beyond it, so many times the cells that came.</summary>
    private const long MostCells = 4 << 20;
    private const long MostSparse = 10;

    /// <summary>Answers that are no numbers, one JSON text a row; null for models that score.</summary>
    public IReadOnlyList<string>? Answers { get; private set; }

    /// <summary>Whether answers that are no numbers are of use to who asked; otherwise they are refused.</summary>
    internal bool TakesAnswers { get; set; }

    /// <summary>What columns did to the predictions of a model that can only be asked; null unless that was wanted.</summary>
    internal AskedContributions? Asked { get; private set; }

    internal async Task AskAsync(RowColumns columns, ExplanationBaseline baseline, CancellationToken cancellation) =>
        Asked = await AskedContributions.OfAsync(Model, ToTable(columns), Outputs.ToArray(), baseline, cancellation);

    internal async ValueTask ScoreAsync(RowColumns columns, CancellationToken cancellation)
    {
        var needed = Count * Model.OutputCount;
        if (_outputs.Length < needed)
            _outputs = new double[Math.Max(needed, _outputs.Length * 2)];
        if (Model.Trained is { } trained)
        {
            trained.PredictRows(Features, _outputs.AsSpan(0, needed));
            RequireFinite(needed);
            return;
        }
        if (Model.Answering is { } answering)
        {
            answering.Require(TakesAnswers);
            Answers = await answering.AnswerAsync(ToTable(columns), cancellation);
            Array.Clear(_outputs);
            return;
        }
        var outputs = await Model.Runner!.PredictAsync(ToTable(columns), cancellation);
        if (outputs.Length != needed)
            throw new Errors.ModelHubException(
                Errors.ErrorKind.Unavailable, "model_failed", $"The model answered {outputs.Length} numbers where {needed} belong.");
        outputs.CopyTo(_outputs, 0);
    }

    /// <summary>What no answer can hold is refused with its row: an exponential of very much, for one.</summary>
    private void RequireFinite(int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (!double.IsFinite(_outputs[i]))
            {
                throw new Errors.ModelHubException(
                    Errors.ErrorKind.Invalid, "bad_rows", $"Row {FirstRow + i / Model.OutputCount + 1}: the model gives no finite number for it.");
            }
        }
    }

    /// <summary>The kept cells as a table: a column of numbers where every cell is one, else of texts.</summary>
    internal Table ToTable(RowColumns columns)
    {
        var all = columns.Now;
        if (Typed is { } typed)
            return ToTable(typed, all);
        if ((long)Count * all.Length > Math.Max(MostCells, MostSparse * _cellCount))
        {
            throw new Errors.ModelHubException(
                Errors.ErrorKind.Invalid, "bad_rows", $"The records have too little in common: {Count} of them name {all.Length} columns, and nearly all cells are missing.");
        }
        var table = new Column[all.Length];
        for (var c = 0; c < all.Length; c++)
        {
            var numbers = new double[Count];
            string?[]? texts = null;
            for (var r = 0; r < Count; r++)
            {
                var cell = CellOf(r, c);
                numbers[r] = double.NaN;
                if (cell.Kind == CellKind.Missing)
                    continue;
                if (texts is null && Datasets.Formats.CellText.Number(TextOf(cell), out var number) is not Datasets.Formats.NumberShape.None)
                {
                    numbers[r] = number;
                    continue;
                }
                if (texts is null)
                {
                    texts = new string?[Count];
                    for (var before = 0; before < r; before++)
                        texts[before] = CellOf(before, c) is { Kind: not CellKind.Missing } kept ? System.Text.Encoding.UTF8.GetString(TextOf(kept)) : null;
                }
                texts[r] = System.Text.Encoding.UTF8.GetString(TextOf(cell));
            }
            table[c] = texts is null ? new NumericColumn(all[c].Name, ColumnKind.Numeric, numbers) : new TextColumn(all[c].Name, ColumnKind.Category, texts);
        }
        return new Table(table, Count);
    }
}
