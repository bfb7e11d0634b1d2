using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>
/// A table that lies in one or more columnar files, one after the other. Columns are matched by name; what a part does not have is
/// missing there. Not thread-safe; it owns its streams.
/// </summary>
public sealed class ColumnarSet : IDisposable
{
    private readonly IReadOnlyList<Stream> _streams;
    private readonly ColumnarPart[] _parts;
    private readonly List<MergedColumn> _columns = [];
    private readonly Dictionary<string, MergedColumn> _index = new(StringComparer.Ordinal);

    private ColumnarSet(IReadOnlyList<Stream> streams)
    {
        _streams = streams;
        _parts = [.. streams.Select(s => new ColumnarPart(s))];
        RowCount = _parts.Sum(p => p.RowCount);
        var byName = new Dictionary<string, PartColumn?[]>(StringComparer.Ordinal);
        var order = new List<string>();
        for (var p = 0; p < _parts.Length; p++)
        {
            foreach (var column in _parts[p].Columns)
            {
                if (!byName.TryGetValue(column.Name, out var found))
                {
                    byName[column.Name] = found = new PartColumn?[_parts.Length];
                    order.Add(column.Name);
                }
                found[p] = column;
            }
        }
        foreach (var name in order)
        {
            var merged = new MergedColumn(name, _parts, byName[name]);
            _columns.Add(merged);
            _index[name] = merged;
        }
        Schema = new TableSchema(RowCount, [.. _columns.Select(c => c.Schema)]);
    }

    public long RowCount { get; }

    public TableSchema Schema { get; }

    /// <summary>Opens the parts in their order; the streams can seek, and belong to the set from here on.</summary>
    /// <exception cref="InvalidDataException">A part is damaged or of another version.</exception>
    public static ColumnarSet Open(params IReadOnlyList<Stream> parts)
    {
        try
        {
            return new ColumnarSet(parts);
        }
        catch (Exception e)
        {
            foreach (var part in parts)
                part.Dispose();
            if (e is EndOfStreamException)
                throw new InvalidDataException("The columnar file is damaged.");
            throw;
        }
    }

    public static ColumnarSet OpenFiles(params IReadOnlyList<string> paths)
    {
        var streams = new List<Stream>(paths.Count);
        try
        {
            foreach (var path in paths)
                streams.Add(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1));
        }
        catch
        {
            foreach (var stream in streams)
                stream.Dispose();
            throw;
        }
        return Open(streams);
    }

    /// <summary>Reads columns into memory.</summary>
    /// <param name="columns">Which, in this order; null for all. An unknown name is refused.</param>
    /// <param name="firstRow">0-based.</param>
    /// <param name="rowCount">At most so many rows; null for all from <paramref name="firstRow"/>.</param>
    /// <param name="kinds">Kinds by name that differ from the schema's; a cell that does not fit is refused.</param>
    /// <exception cref="DatasetFormatException">A column is unknown, or a cell does not fit the kind that is asked for.</exception>
    public Table ReadTable(
        IReadOnlyCollection<string>? columns = null,
        long firstRow = 0,
        long? rowCount = null,
        IReadOnlyDictionary<string, ColumnKind>? kinds = null,
        CancellationToken cancellation = default)
    {
        var first = Math.Clamp(firstRow, 0, RowCount);
        var count = Math.Clamp(rowCount ?? RowCount, 0, RowCount - first);
        if (count > Array.MaxLength)
            throw new DatasetFormatException($"{count} rows do not fit into memory at once.");
        var names = columns ?? [.. _columns.Select(c => c.Name)];
        var read = new List<Column>(names.Count);
        foreach (var name in names)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!_index.TryGetValue(name, out var column))
                throw new DatasetFormatException("There is no such column.", null, name);
            var kind = kinds is not null && kinds.TryGetValue(name, out var wanted) ? wanted : column.Schema.Kind;
            read.Add(new ColumnReading(_parts, column, first, (int)count).Read(kind));
        }
        return new Table(read, (int)count);
    }

    public void Dispose()
    {
        foreach (var stream in _streams)
            stream.Dispose();
    }
}
