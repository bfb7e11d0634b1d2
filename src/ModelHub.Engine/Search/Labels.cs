using System.Globalization;
using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <summary>The target column as labels: class numbers or values, NaN where a row has none.</summary>
public sealed record Labels(TaskKind Task, IReadOnlyList<string> Classes, double[] Values)
{
    public const int MostClasses = 1000;
    private const int FewValues = 20;

    /// <exception cref="EngineException">The column cannot be a target; the message says why.</exception>
    public static Labels Of(Table table, string target, bool? isRegression)
    {
        var column = table.Find(target) ?? throw new EngineException($"There is no column '{target}'.");
        var distinct = new HashSet<string>(StringComparer.Ordinal);
        for (var r = 0; r < column.Length; r++)
        {
            if (Cell.Text(column, r) is { } text && distinct.Count <= MostClasses)
                distinct.Add(text);
        }
        if (distinct.Count == 0)
            throw new EngineException($"Column '{target}' has no labels: every cell is missing.");
        if (distinct.Count == 1)
            throw new EngineException($"Column '{target}' holds a single value ('{distinct.First()}'); there is nothing to learn.");
        var isNumeric = column is NumericColumn { Kind: not ColumnKind.Boolean };
        return isRegression ?? (isNumeric && distinct.Count > FewValues) ? OfValues(column) : OfClasses(column, distinct, null);
    }

    /// <summary>Labels of another table by known classes; a label that training did not see counts as missing.</summary>
    public static double[] Of(Table table, string target, TaskKind task, IReadOnlyList<string> classes)
    {
        if (table.Find(target) is not { } column)
            return [.. Enumerable.Repeat(double.NaN, table.RowCount)];
        if (task == TaskKind.Regression)
            return [.. Enumerable.Range(0, table.RowCount).Select(r => Cell.Number(column, r))];
        return OfClasses(column, [], classes).Values;
    }

    private static Labels OfValues(Column column)
    {
        var values = new double[column.Length];
        for (var r = 0; r < values.Length; r++)
        {
            values[r] = Cell.Number(column, r);
            if (double.IsInfinity(values[r]))
                throw new EngineException($"Column '{column.Name}' holds an infinite label in row {r + 1}.");
            if (double.IsNaN(values[r]) && Cell.Text(column, r) is { } text)
                throw new EngineException($"A regression needs numbers; column '{column.Name}' holds '{text}' in row {r + 1}.");
        }
        return new Labels(TaskKind.Regression, [], values);
    }

    private static Labels OfClasses(Column column, IEnumerable<string> distinct, IReadOnlyList<string>? known)
    {
        var classes = known ?? Sorted([.. distinct]);
        if (classes.Count > MostClasses)
            throw new EngineException($"Column '{column.Name}' holds more than {MostClasses} classes; is it a regression?");
        var numbers = classes.Select((label, at) => (label, at)).ToDictionary(p => p.label, p => p.at, StringComparer.Ordinal);
        var values = new double[column.Length];
        for (var r = 0; r < values.Length; r++)
            values[r] = Cell.Text(column, r) is { } text && numbers.TryGetValue(text, out var at) ? at : double.NaN;
        return new Labels(classes.Count == 2 ? TaskKind.Binary : TaskKind.Multiclass, classes, values);
    }

    private static string[] Sorted(string[] labels)
    {
        if (labels.All(l => double.TryParse(l, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
            return [.. labels.OrderBy(l => double.Parse(l, NumberStyles.Float, CultureInfo.InvariantCulture)).ThenBy(l => l, StringComparer.Ordinal)];
        return [.. labels.Order(StringComparer.Ordinal)];
    }
}
