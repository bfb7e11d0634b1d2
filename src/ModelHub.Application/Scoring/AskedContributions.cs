using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Scoring;

/// <summary>
/// Contributions of a model that can only be asked: how much a row's prediction differs, on average, when one column takes the values
/// that it has in the baseline's rows. In units of the answer: the value, or the probability of the row's class.
/// </summary>
internal sealed class AskedContributions
{
    private readonly string[] _columns;
    private readonly double[] _values;

    private AskedContributions(string[] columns, double[] values) => (_columns, _values) = (columns, values);

    /// <param name="outputs">The model's predictions of the rows.</param>
    public static async Task<AskedContributions> OfAsync(
        LoadedModel model, Table rows, double[] outputs, ExplanationBaseline baseline, CancellationToken cancellation)
    {
        var columns = rows.Columns.Where(c => baseline.Columns.Any(b => b.Name == c.Name)).ToArray();
        var values = new double[rows.RowCount * columns.Length];
        var repeated = rows.Take([.. Enumerable.Range(0, rows.RowCount * baseline.Rows).Select(i => i / baseline.Rows)]);
        int[] compared = [.. Enumerable.Range(0, repeated.RowCount).Select(i => i % baseline.Rows)];
        for (var c = 0; c < columns.Length; c++)
        {
            var other = baseline.Find(columns[c].Name)!.Take(compared);
            var after = await model.Runner!.PredictAsync(
                new Table([.. repeated.Columns.Select(column => column.Name == other.Name ? other : column)], repeated.RowCount), cancellation);
            for (var r = 0; r < rows.RowCount; r++)
            {
                var at = ExplainedOutput(model, outputs.AsSpan(r * model.OutputCount, model.OutputCount));
                var mean = 0.0;
                for (var b = 0; b < baseline.Rows; b++)
                    mean += after[(r * baseline.Rows + b) * model.OutputCount + at];
                values[r * columns.Length + c] = outputs[r * model.OutputCount + at] - mean / baseline.Rows;
            }
        }
        return new AskedContributions([.. columns.Select(c => c.Name)], values);
    }

    public IReadOnlyDictionary<string, double> OfRow(int row) =>
        _columns.Select((name, c) => KeyValuePair.Create(name, _values[row * _columns.Length + c])).ToDictionary(StringComparer.Ordinal);

    /// <summary>Which of a row's outputs is explained: the positive class's of a binary model, else the likeliest.</summary>
    public static int ExplainedOutput(LoadedModel model, ReadOnlySpan<double> outputs) =>
        model.IsBinary ? 1 : EvaluationReport.Likeliest(outputs);
}
