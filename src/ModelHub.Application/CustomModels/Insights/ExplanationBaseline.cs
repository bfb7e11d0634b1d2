using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>A column of the rows that others are compared with: numbers (null is missing), or texts.</summary>
public sealed record BaselineColumn(string Name, ColumnKind Kind, IReadOnlyList<double?>? Numbers, IReadOnlyList<string?>? Texts);

/// <summary>
/// Rows of the training data that predictions are compared with: a column's contribution to a prediction is how much the prediction
/// differs, on average, when the column takes the values that it has in these rows (an interventional baseline).
/// </summary>
/// <param name="Outputs">The model's predictions of the rows.</param>
public sealed record ExplanationBaseline(int Rows, IReadOnlyList<BaselineColumn> Columns, IReadOnlyList<double> Outputs)
{
    private const int MostRows = 10;

    public static ExplanationBaseline Of(Table data, Func<string, bool> isFeature)
    {
        var drawn = Enumerable.Range(0, data.RowCount).ToArray();
        var count = Math.Min(MostRows, drawn.Length);
        new SeededRandom(1, 3, 0).Draw(drawn, count);
        var rows = data.Take(drawn.AsSpan(0, count));
        return new ExplanationBaseline(count, [.. rows.Columns.Where(c => isFeature(c.Name)).Select(Keep)], []);
    }

    public Table ToTable() => new([.. Columns.Select(c => Column(c, c.Name))], Rows);

    /// <summary>A column of these rows; null when they have none of that name.</summary>
    public Column? Find(string name) => Columns.FirstOrDefault(c => c.Name == name) is { } found ? Column(found, name) : null;

    private static BaselineColumn Keep(Column column)
    {
        var rows = Enumerable.Range(0, column.Length);
        return column is NumericColumn or SparseColumn
            ? new BaselineColumn(column.Name, column.Kind, [.. rows.Select(r => Cell.Number(column, r) is var v && double.IsFinite(v) ? v : (double?)null)], null)
            : new BaselineColumn(column.Name, column.Kind, null, [.. rows.Select(r => Cell.Text(column, r))]);
    }

    private static Column Column(BaselineColumn column, string name) => column.Numbers is { } numbers
        ? new NumericColumn(name, column.Kind, [.. numbers.Select(n => n ?? double.NaN)]) : new TextColumn(name, ColumnKind.Text, [.. column.Texts!]);
}
