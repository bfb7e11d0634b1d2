using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>
/// Takes a table row by row and passes it on in groups. Cells that a row does not give are missing (zero in a sparse column); columns
/// may appear later than the first row.
/// </summary>
internal sealed class TableSink
{
    /// <summary>Cells that may be missing before it is asked how many are not.</summary>
    private const long MostMissing = 1 << 26;

    /// <summary>Cells of the table for each that is there: a megabyte of records that have nothing in common would be minutes of missing ones.</summary>
    private const long MostSparse = 500;
    private readonly ColumnarWriter _writer;
    private readonly ReadLimits _limits;
    private readonly Dictionary<string, ColumnKind> _kinds;
    private readonly IReadOnlySet<string> _asText;
    private readonly Allowance _dictionaries = new(ColumnarFormat.DictionaryBytes);
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly List<ColumnBuilder> _columns = [];
    private int _at;
    private int _dense;
    private long _bytes;
    private long _entries;
    private long _given;

    /// <param name="kinds">Kinds by name that are not to be inferred.</param>
    /// <param name="asText">Columns that an earlier reading found to be text.</param>
    public TableSink(ColumnarWriter writer, ReadLimits limits, Dictionary<string, ColumnKind>? kinds = null, IReadOnlySet<string>? asText = null)
    {
        _writer = writer;
        _limits = limits;
        _kinds = kinds ?? [];
        _asText = asText ?? new HashSet<string>();
    }

    public IReadOnlyList<ColumnBuilder> Columns => _columns;

    /// <summary>Rows that have ended.</summary>
    public long RowCount { get; private set; }

    /// <summary>Names of the columns that must be read again as text; what was written is of no use then.</summary>
    public HashSet<string> Conflicts { get; } = new(StringComparer.Ordinal);

    public int Find(string name) => _index.GetValueOrDefault(name, -1);

    public int AddColumn(string name, bool sparse = false, ColumnKind? kind = null)
    {
        if (_columns.Count >= _limits.MaxColumns)
            throw new DatasetFormatException($"There are more than {_limits.MaxColumns} columns.");
        if (name.Length > 1000)
            throw new DatasetFormatException("The name of a column may have 1000 characters.", null, name);
        if (name.Contains('\0', StringComparison.Ordinal))
            throw new DatasetFormatException("The name of a column has a null character.", null, name);
        if (!_index.TryAdd(name, _columns.Count))
            throw new DatasetFormatException("Two columns have this name.", null, name);
        ColumnKind? forced = _kinds.TryGetValue(name, out var known) ? known : kind;
        var isSparse = sparse && forced is null or ColumnKind.Numeric or ColumnKind.Integer;
        _dense += sparse && isSparse ? 0 : 1;
        _columns.Add(new ColumnBuilder(
            name, forced, _asText.Contains(name), sparse && isSparse, _columns.Count < 256 ? 1024 : 64, _dictionaries));
        return _columns.Count - 1;
    }

    public void Cell(int column, ReadOnlySpan<byte> text)
    {
        _bytes += text.Length;
        _given++;
        _columns[column].Append(text, _at, RowCount + 1);
    }

    public void Cell(int column, double value)
    {
        _entries++;
        _columns[column].Append(value, _at, RowCount + 1);
    }

    public void Truth(int column, bool value)
    {
        _entries++;
        _columns[column].AppendTruth(value, _at, RowCount + 1);
    }

    /// <param name="seconds">Since 1970-01-01 UTC.</param>
    public void Moment(int column, double seconds)
    {
        _entries++;
        _columns[column].AppendMoment(seconds, _at, RowCount + 1);
    }

    public void EndRow()
    {
        if (++RowCount > _limits.MaxRows)
            throw new DatasetFormatException($"There are more than {_limits.MaxRows} rows.");
        _at++;
        if (_at >= ColumnarFormat.GroupRows || (long)_at * _dense >= ColumnarFormat.GroupCells + _dense * 64L
            || _bytes >= ColumnarFormat.GroupBytes || _entries >= ColumnarFormat.GroupCells)
            EndGroup();
    }

    /// <summary>Ends the last group; with no <see cref="Conflicts"/> the file is complete.</summary>
    public void Finish()
    {
        if (RowCount == 0)
            throw new DatasetFormatException("There are no rows of data.");
        EndGroup();
        foreach (var column in _columns)
        {
            if (column.NeedsText)
                continue;
            if (column.InfiniteRow > 0 && column.Content == Content.Numbers)
                throw new DatasetFormatException("The number is infinite.", column.InfiniteRow, column.Name);
            column.Finish();
        }
        if (Conflicts.Count == 0)
            _writer.Finish(_columns);
    }

    private void EndGroup()
    {
        if (_at == 0)
            return;
        _given += _entries;
        if (RowCount * _dense > Math.Max(MostMissing, MostSparse * _given))
            throw new DatasetFormatException($"The rows have too little in common: {RowCount} of them name {_dense} columns, and nearly all cells are missing.");
        foreach (var column in _columns)
        {
            column.EndGroup(_at, RowCount - _at + 1);
            if (column.NeedsText)
                Conflicts.Add(column.Name);
        }
        _writer.Group(_columns, _at, Conflicts.Count == 0);
        _at = 0;
        _bytes = 0;
        _entries = 0;
    }
}
