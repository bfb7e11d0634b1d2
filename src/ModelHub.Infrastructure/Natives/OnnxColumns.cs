using ModelHub.Application.Errors;
using ModelHub.Engine.Data;
using ModelHub.Engine.Preparation;

namespace ModelHub.Infrastructure.Natives;

/// <summary>
/// A table's columns as a model's inputs: an input [N, 1] or [N] takes the column of its name, a single input [N, k] takes the columns in
/// their order, or those of its names (see <see cref="OnnxMatrix"/>). A cell that is missing, or no number where one belongs, is NaN (0 where the model wants whole numbers).
/// </summary>
internal sealed class OnnxColumns
{
    public const int Single = 1;
    public const int Integer = 6;
    public const int Long = 7;
    public const int Text = 8;
    public const int Truth = 9;
    public const int Double = 11;

    /// <summary>Every request is filled up to a model's fixed number of rows, also one of a single row.</summary>
    public const int MostBatch = 4096;
    private readonly OnnxApi _api;
    private readonly OnnxPort[] _ports;
    private readonly string[]? _names;
    private readonly bool _isMatrix;

    /// <param name="names">Of the columns of a single matrix; null when it takes them in the table's order.</param>
    /// <exception cref="OnnxException">An input has no form as columns, or wants too many rows at a time.</exception>
    public OnnxColumns(OnnxApi api, OnnxPort[] ports, string[]? names = null)
    {
        (_api, _ports, _names) = (api, ports, names);
        foreach (var port in ports)
        {
            var columns = port.Shape.Length <= 1 ? 1 : port.Shape.Length == 2 ? port.Shape[1] : 0;
            if (port.Type is not (Single or Double or Integer or Long or Text or Truth) || columns == 0 || columns != 1 && ports.Length > 1)
                throw new OnnxException($"The input '{port.Name}' can not be filled from columns: inputs are [N, 1] each, or a single one [N, columns].");
        }
        _isMatrix = ports.Length == 1 && ports[0].Shape.Length == 2 && ports[0].Shape[1] != 1;
        var batch = ports.Where(p => p.Shape.Length > 0).Select(p => p.Shape[0]).DefaultIfEmpty(-1).Max();
        if (batch > MostBatch)
            throw new OnnxException($"The model takes {batch} rows at a time; at most {MostBatch} are allowed.");
        Batch = batch > 0 ? (int)batch : null;
    }

    /// <summary>Rows that the model takes at a time; null for any number.</summary>
    public int? Batch { get; }

    /// <summary>Inputs by name; none for a single matrix whose columns have no names.</summary>
    public List<InputColumn> Describe() => _names is not null ? [.. _names.Select(n => Describe(n, _ports[0].Type))]
        : _isMatrix ? [] : [.. _ports.Select(p => Describe(p.Name, p.Type))];

    /// <summary>Whether all tables of as many rows fill inputs of the same sizes.</summary>
    public bool HasFixedWidth => !_isMatrix || _ports[0].Shape[1] > 0;

    /// <summary>Whether feeds keep all their values when they are filled again.</summary>
    public bool IsNumbers => _ports.All(p => p.Type != Text);

    public OnnxFeed Feed(Table rows)
    {
        var feed = new OnnxFeed(_api, _ports.Length);
        try
        {
            Fill(feed, rows);
            return feed;
        }
        catch
        {
            feed.Dispose();
            throw;
        }
    }

    /// <summary>Fills a feed, a new one or one of a table of the same size.</summary>
    public void Fill(OnnxFeed feed, Table rows)
    {
        if (_isMatrix)
            Set(feed, 0, _names is null ? (IReadOnlyList<Column?>)rows.Columns : Array.ConvertAll<string, Column?>(_names, rows.Find), rows.RowCount);
        for (var i = 0; !_isMatrix && i < _ports.Length; i++)
            Set(feed, i, [Column(rows, i)], rows.RowCount);
    }

    private static InputColumn Describe(string name, int type) => new(
        name, type == Text ? ColumnKind.Text : type is Integer or Long ? ColumnKind.Integer : type == Truth ? ColumnKind.Boolean : ColumnKind.Numeric,
        Encoding.Number, null, null, null, null, 0);

    private Column? Column(Table rows, int input) =>
        rows.Find(_ports[input].Name) ?? (_ports.Length == 1 && rows.Columns.Count == 1 ? rows.Columns[0] : null);

    private void Set(OnnxFeed feed, int input, IReadOnlyList<Column?> columns, int rows)
    {
        var port = _ports[input];
        var wanted = _isMatrix ? port.Shape[1] : 1;
        if (wanted > 0 && columns.Count != wanted)
            throw ModelHubException.Invalid("inputs", $"The model reads {wanted} columns in their order, the rows have {columns.Count}.");
        ReadOnlySpan<long> shape = port.Shape.Length <= 1 ? [rows] : [rows, columns.Count];
        switch (port.Type)
        {
            case Text:
                feed.Set(input, Texts(columns, rows), shape);
                break;
            case Double:
                Numbers(columns, rows, feed.Room<double>(input, Double, shape), n => n);
                break;
            case Long:
                Numbers(columns, rows, feed.Room<long>(input, Long, shape), n => double.IsNaN(n) ? 0 : (long)n);
                break;
            case Integer:
                Numbers(columns, rows, feed.Room<int>(input, Integer, shape), n => double.IsNaN(n) ? 0 : (int)n);
                break;
            case Truth:
                Numbers(columns, rows, feed.Room<bool>(input, Truth, shape), n => n is not (0 or double.NaN));
                break;
            default:
                Numbers(columns, rows, feed.Room<float>(input, Single, shape), n => (float)n);
                break;
        }
    }

    private static void Numbers<T>(IReadOnlyList<Column?> columns, int rows, Span<T> numbers, Func<double, T> convert)
    {
        for (var c = 0; c < columns.Count; c++)
        {
            for (var r = 0; r < rows; r++)
                numbers[r * columns.Count + c] = convert(Cell.Number(columns[c], r));
        }
    }

    private static string[] Texts(IReadOnlyList<Column?> columns, int rows)
    {
        var texts = new string[rows * columns.Count];
        for (var c = 0; c < columns.Count; c++)
        {
            for (var r = 0; r < rows; r++)
                texts[r * columns.Count + c] = (columns[c] is { } column ? Cell.Text(column, r) : null) ?? "";
        }
        return texts;
    }
}
