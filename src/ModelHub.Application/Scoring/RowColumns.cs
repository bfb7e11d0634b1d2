using System.Text;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>Which cells of the rows are kept beside the model's features.</summary>
/// <param name="All">Every one; else those named.</param>
public sealed record KeptColumns(bool All, IReadOnlySet<string> Names)
{
    public static KeptColumns None { get; } = new(false, new HashSet<string>());

    public static KeptColumns Everything { get; } = new(true, new HashSet<string>());
}

/// <summary>One column of the rows that are scored.</summary>
/// <param name="Input">The model's input that it is, -1 for none.</param>
/// <param name="IsKept">Whether its cells are kept as they came.</param>
public sealed record RowColumn(string Name, byte[] Utf8, int Input, bool IsKept)
{
    /// <summary>The one feature that a number in it is, as it is; -1 when the model makes something else of it, or does not read it.</summary>
    internal int Feature { get; private init; } = -1;

    internal static RowColumn Of(LoadedModel model, string name, byte[] utf8, bool isKept)
    {
        var input = model.Trained?.FindInput(name) ?? -1;
        var isPlain = input >= 0 && model.Trained!.Inputs[input].Encoding == Engine.Preparation.Encoding.Number;
        return new RowColumn(name, utf8, input, isKept) { Feature = isPlain ? model.Trained!.FeatureOffsets[input] : -1 };
    }
}

/// <summary>The columns of one body: those of a CSV's header, or the members of JSON records as they turn up. Thread-safe.</summary>
public sealed class RowColumns
{
    public const int Most = 20_000;
    private const int MostRemembered = 1_000;

    /// <summary>Characters, as in datasets: JSON tells the name with every row.</summary>
    private const int LongestName = 1_000;
    private readonly LoadedModel _model;
    private readonly KeptColumns _kept;
    private readonly Lock _gate = new();
    private Dictionary<string, int>? _index;
    private RowColumn[] _columns;

    /// <summary>Told after the columns it counts are in place; what lies behind them in the array is room for more.</summary>
    private int _count;

    /// <param name="columns">Known before: the columns of another body with the same header and nothing kept.</param>
    internal RowColumns(LoadedModel model, KeptColumns kept, RowColumn[]? columns = null)
    {
        (_model, _kept, _columns) = (model, kept, columns ?? []);
        _count = _columns.Length;
    }

    /// <summary>
    /// The columns of JSON records: a model's inputs are known before, and a runner, which is given what comes, mostly gets the same again.
    /// </summary>
    internal static RowColumns OfRecords(LoadedModel model, KeptColumns kept) => model.Trained is null
        ? new RowColumns(model, kept, model.LastRecord) { IsGuess = model.LastRecord is not null }
        : new RowColumns(model, kept, ReferenceEquals(kept, KeptColumns.None) ? model.InputColumns : null);

    /// <summary>Whether the columns are those of another body, and nobody has looked yet whether they are this one's too.</summary>
    internal bool IsGuess { get; private set; }

    /// <summary>Whether only features are wanted.</summary>
    internal bool KeepsNothing => !_kept.All && _kept.Names.Count == 0 && _model.Trained is not null;

    /// <summary>Grows; an index once given stays.</summary>
    public IReadOnlyList<RowColumn> All
    {
        get
        {
            var count = Volatile.Read(ref _count);
            return new ArraySegment<RowColumn>(_columns, 0, count);
        }
    }

    internal ReadOnlySpan<RowColumn> Now
    {
        get
        {
            var count = Volatile.Read(ref _count);
            return _columns.AsSpan(0, count);
        }
    }

    /// <summary>Index of a column by name, -1 for an unknown one.</summary>
    public int Find(string name)
    {
        lock (_gate)
            return Index().GetValueOrDefault(name, -1);
    }

    /// <summary>Whether a column's cells are wanted in the answer, not only by the model.</summary>
    public bool IsAsked(string name) => _kept.All || _kept.Names.Contains(name);

    /// <summary>The columns that are wanted in the answer.</summary>
    /// <exception cref="Errors.ModelHubException">One that was named is not there.</exception>
    public int[] Asked()
    {
        if (_kept.Names.FirstOrDefault(name => Find(name) < 0) is { } missing)
            throw Errors.ModelHubException.Invalid("passthrough_columns", $"The rows have no column '{missing}'.");
        var columns = All;
        return [.. Enumerable.Range(0, columns.Count).Where(c => IsAsked(columns[c].Name))];
    }

    /// <exception cref="RowRefusal">The name is not Unicode, empty, or there are too many.</exception>
    internal int Add(ReadOnlySpan<byte> utf8, bool mayExist)
    {
        if (utf8.Length == 0)
            throw new RowRefusal(null, null, "A column has no name.");
        if (!System.Text.Unicode.Utf8.IsValid(utf8))
            throw new RowRefusal(null, null, "A column's name is not valid UTF-8.");
        var name = Encoding.UTF8.GetString(utf8);
        if (name.Length > LongestName)
            throw new RowRefusal(null, null, $"The name of a column has {name.Length} characters; {LongestName} are allowed.");
        lock (_gate)
        {
            var index = Index();
            if (index.TryGetValue(name, out var known))
                return mayExist ? known : throw new RowRefusal(null, name, "Two columns have this name.");
            if (_count == Most)
                throw new RowRefusal(null, null, $"There are more than {Most} columns.");
            if (_count == _columns.Length)
                Array.Resize(ref _columns, Math.Max(16, 2 * _count));
            _columns[_count] = RowColumn.Of(_model, name, utf8.ToArray(), IsKept(name));
            index.Add(name, _count);
            Volatile.Write(ref _count, _count + 1);
            return _count - 1;
        }
    }

    /// <summary>Takes over what is known of a header that was seen before.</summary>
    internal void Take(RowColumn[] columns)
    {
        _columns = columns;
        Volatile.Write(ref _count, columns.Length);
    }

    /// <summary>Says whether a guess was right: the first record has these columns, in this order, and no others.</summary>
    internal void Settle(bool isRight)
    {
        IsGuess = false;
        if (!isRight)
            Take([]);
    }

    /// <summary>Keeps a runner's columns for the guess at its next records.</summary>
    internal void Remember()
    {
        if (_model.Trained is null && _count <= MostRemembered)
            _model.LastRecord = _count == _columns.Length ? _columns : Now.ToArray();
    }

    /// <summary>A runner is given the cells themselves.</summary>
    private bool IsKept(string name) => IsAsked(name) || _model.Trained is null;

    private Dictionary<string, int> Index()
    {
        if (_index is not null)
            return _index;
        _index = new Dictionary<string, int>(_count, StringComparer.Ordinal);
        for (var i = 0; i < _count; i++)
            _index.Add(_columns[i].Name, i);
        return _index;
    }

    /// <summary>All of a header at once.</summary>
    internal void AddAll(IReadOnlyList<byte[]> names)
    {
        if (names.Count > Most)
            throw new RowRefusal(null, null, $"There are more than {Most} columns.");
        var columns = new RowColumn[names.Count];
        lock (_gate)
        {
            _index = new Dictionary<string, int>(columns.Length, StringComparer.Ordinal);
            for (var i = 0; i < columns.Length; i++)
            {
                if (names[i].Length == 0)
                    throw new RowRefusal(null, null, $"Column {i + 1} has no name in the header.");
                if (!System.Text.Unicode.Utf8.IsValid(names[i]))
                    throw new RowRefusal(null, null, $"The name of column {i + 1} is not valid UTF-8.");
                var name = Encoding.UTF8.GetString(names[i]);
                if (name.Length > LongestName)
                    throw new RowRefusal(null, null, $"The name of column {i + 1} has {name.Length} characters; {LongestName} are allowed.");
                if (!_index.TryAdd(name, i))
                    throw new RowRefusal(null, name, "Two columns have this name.");
                columns[i] = RowColumn.Of(_model, name, names[i], IsKept(name));
            }
            Take(columns);
        }
    }
}

/// <summary>Rows that are refused.</summary>
/// <param name="row">0-based within its block; null when it is about the whole.</param>
/// <param name="isMalformed">The body is not what its content type says.</param>
internal sealed class RowRefusal(int? row, string? column, string message, bool isMalformed = false) : Exception(message)
{
    public bool IsMalformed { get; } = isMalformed;

    public int? Row { get; } = row;

    public string? Column { get; } = column;
}
