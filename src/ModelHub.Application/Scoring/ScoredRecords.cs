using ModelHub.Application.Errors;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>
/// Records of one JSON body, all of them read before any is answered: <c>{"inputs": a record or a list, "options": …}</c>, or the list
/// alone. Holds memory of the model's, which <see cref="Dispose"/> gives back.
/// </summary>
public sealed class ScoredRecords : IDisposable
{
    /// <summary>A record may be two bytes long, and is answered with a hundred.</summary>
    private const int MostRecords = 100_000;
    private const int MostWarnings = 20;
    private readonly RowColumns _columns;

    private ScoredRecords(RowBlock rows, RowColumns columns, byte[]? options) => (Rows, _columns, Options) = (rows, columns, options);

    public RowBlock Rows { get; }

    public LoadedModel Model => Rows.Model;

    /// <summary>The member "options" as it came; null when there was none.</summary>
    public byte[]? Options { get; }

    /// <exception cref="ModelHubException">The body is no JSON (code <c>malformed</c>), a record is refused, by its row and column, or there are too many.</exception>
    public static ScoredRecords Read(LoadedModel model, ReadOnlySpan<byte> json)
    {
        var columns = RowColumns.OfRecords(model, KeptColumns.None);
        var format = new JsonRows(columns, isLines: false);
        var rows = model.RentBlock();
        try
        {
            if (json.IsEmpty)
                throw new RowRefusal(null, null, "The body is empty.", isMalformed: true);
            rows.MostRows = MostRecords;
            var head = format.ReadHead(json, isAll: true);
            if (format.Parse(json[head..], rows, isFirst: true) < json.Length - head)
                throw new RowRefusal(rows.Count, null, $"There are more than {MostRecords} records; files of any length are for predict/batch.");
            format.RequireEnd();
            columns.Remember();
            return new ScoredRecords(rows, columns, format.Options);
        }
        catch (RowRefusal refusal)
        {
            model.Return(rows);
            var said = new Datasets.Formats.DatasetFormatException(refusal.Message, refusal.Row + 1, refusal.Column);
            throw new ModelHubException(
                ErrorKind.Invalid, refusal.IsMalformed ? "malformed" : "bad_rows", said.Message,
                new Dictionary<string, string> { ["inputs"] = said.Message }, said);
        }
    }

    public ValueTask ScoreAsync(CancellationToken cancellation) => Rows.Count == 0 ? ValueTask.CompletedTask : Rows.ScoreAsync(_columns, cancellation);

    /// <summary>Explains the scored rows of a model that can only be asked.</summary>
    internal async Task<AskedContributions> AskAsync(CustomModels.Insights.ExplanationBaseline baseline, CancellationToken cancellation)
    {
        await Rows.AskAsync(_columns, baseline, cancellation);
        return Rows.Asked!;
    }

    /// <summary>What was passed over or counted as missing, in some order that does not change from time to time.</summary>
    public IReadOnlyList<string> Warnings()
    {
        if (Model.Trained is not { } trained)
            return [];
        SortedSet<string>? warnings = null;
        foreach (var column in _columns.Now[trained.Inputs.Count..])
        {
            if (column.Name != trained.Header.Target)
                (warnings ??= Empty()).Add($"'{Datasets.Formats.DatasetFormatException.Shortened(column.Name)}' is no input of this model.");
        }
        for (var r = 0; r < Rows.Count && (warnings?.Count ?? 0) < MostWarnings; r++)
        {
            if (Rows.UnusualInput(r) is >= 0 and var input)
                (warnings ??= Empty()).Add($"'{trained.Inputs[input].Name}' holds a value that training did not see; it counts as missing.");
        }
        if (Rows.LacksInputs)
            (warnings ??= Empty()).Add("Some inputs of the model are missing from some rows; they count as missing values.");
        return warnings is null ? [] : [.. warnings.Take(MostWarnings)];
    }

    public void Dispose() => Model.Return(Rows);

    private static SortedSet<string> Empty() => new(StringComparer.Ordinal);
}
