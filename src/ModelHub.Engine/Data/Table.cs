namespace ModelHub.Engine.Data;

/// <summary>Columns of equal length with distinct names: what a dataset is when it is read into memory.</summary>
public sealed class Table
{
    private readonly Dictionary<string, int> _index;

    public Table(IReadOnlyList<Column> columns, int rowCount)
    {
        _index = new Dictionary<string, int>(columns.Count, StringComparer.Ordinal);
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i].Length != rowCount)
                throw new EngineException($"Column '{columns[i].Name}' has {columns[i].Length} rows, the table has {rowCount}.");
            if (!_index.TryAdd(columns[i].Name, i))
                throw new EngineException($"Two columns are called '{columns[i].Name}'.");
        }
        Columns = columns;
        RowCount = rowCount;
    }

    public IReadOnlyList<Column> Columns { get; }

    public int RowCount { get; }

    public Column? Find(string name) => _index.TryGetValue(name, out var at) ? Columns[at] : null;

    /// <summary>The rows named by <paramref name="rows"/>, in that order.</summary>
    public Table Take(ReadOnlySpan<int> rows)
    {
        var taken = new Column[Columns.Count];
        for (var i = 0; i < taken.Length; i++)
            taken[i] = Columns[i].Take(rows);
        return new Table(taken, rows.Length);
    }
}
