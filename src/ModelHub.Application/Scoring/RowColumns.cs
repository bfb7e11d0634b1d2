using System.Text;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>Which cells of the rows are kept beside the model's features.</summary>
/// <param name="All">Every one; else those named.</param>
public sealed record KeptColumns(bool All, IReadOnlySet<string> Names)
{
    public static KeptColumns None { get; } = new(false, new HashSet<string>());
}

/// <summary>One column of the rows that are scored.</summary>
/// <param name="Input">The model's input that it is, -1 for none.</param>
/// <param name="IsKept">Whether its cells are kept as they came.</param>
public sealed record RowColumn(string Name, byte[] Utf8, int Input, bool IsKept);

/// <summary>The columns of one body: those of a CSV's header, or the members of JSON records as they turn up. Thread-safe.</summary>
public sealed class RowColumns
{
    public const int Most = 20_000;
    private readonly LoadedModel _model;
    private readonly KeptColumns _kept;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private RowColumn[] _columns = [];

    public RowColumns(LoadedModel model, KeptColumns kept)
    {
        // A runner is given the cells themselves.
        (_model, _kept) = (model, model.Trained is null ? kept with { All = true } : kept);
    }

    /// <summary>Grows; an index once given stays.</summary>
    public IReadOnlyList<RowColumn> All => Volatile.Read(ref _columns);

    internal RowColumn[] Now => Volatile.Read(ref _columns);

    /// <summary>Index of a column by name, -1 for an unknown one.</summary>
    public int Find(string name)
    {
        lock (_gate)
            return _index.GetValueOrDefault(name, -1);
    }

    /// <summary>Whether a column's cells are wanted in the answer, not only by the model.</summary>
    public bool IsAsked(string name) => _kept.All || _kept.Names.Contains(name);

    /// <exception cref="RowRefusal">The name is not Unicode, empty, or there are too many.</exception>
    internal int Add(ReadOnlySpan<byte> utf8, bool mayExist)
    {
        if (utf8.Length == 0)
            throw new RowRefusal(null, null, "A column has no name.");
        if (!System.Text.Unicode.Utf8.IsValid(utf8))
            throw new RowRefusal(null, null, "A column's name is not valid UTF-8.");
        var name = Encoding.UTF8.GetString(utf8);
        lock (_gate)
        {
            if (_index.TryGetValue(name, out var known))
                return mayExist ? known : throw new RowRefusal(null, name, "Two columns have this name.");
            if (_columns.Length == Most)
                throw new RowRefusal(null, null, $"There are more than {Most} columns.");
            var column = new RowColumn(name, utf8.ToArray(), _model.Trained?.FindInput(name) ?? -1, IsAsked(name) || _model.Trained is null);
            _index.Add(name, _columns.Length);
            Volatile.Write(ref _columns, [.. _columns, column]);
            return _columns.Length - 1;
        }
    }

    /// <summary>All of a header at once.</summary>
    internal void AddAll(IReadOnlyList<byte[]> names)
    {
        if (names.Count > Most)
            throw new RowRefusal(null, null, $"There are more than {Most} columns.");
        var columns = new RowColumn[names.Count];
        lock (_gate)
        {
            for (var i = 0; i < columns.Length; i++)
            {
                if (names[i].Length == 0)
                    throw new RowRefusal(null, null, $"Column {i + 1} has no name in the header.");
                if (!System.Text.Unicode.Utf8.IsValid(names[i]))
                    throw new RowRefusal(null, null, $"The name of column {i + 1} is not valid UTF-8.");
                var name = Encoding.UTF8.GetString(names[i]);
                if (!_index.TryAdd(name, i))
                    throw new RowRefusal(null, name, "Two columns have this name.");
                columns[i] = new RowColumn(name, names[i], _model.Trained?.FindInput(name) ?? -1, IsAsked(name) || _model.Trained is null);
            }
            Volatile.Write(ref _columns, columns);
        }
    }
}

/// <summary>Rows that are refused.</summary>
/// <param name="row">0-based within its block; null when it is about the whole.</param>
internal sealed class RowRefusal(int? row, string? column, string message) : Exception(message)
{
    public int? Row { get; } = row;

    public string? Column { get; } = column;
}
