using ModelHub.Engine.Data;

namespace ModelHub.Engine.Inference;

/// <summary>Rows to score, by column: the named rows of a matrix, or rows one after the other in one span.</summary>
internal readonly ref struct RowSource
{
    private readonly FeatureMatrix? _matrix;
    private readonly ReadOnlySpan<int> _rows;
    private readonly ReadOnlySpan<float> _values;
    private readonly int _width;

    public RowSource(FeatureMatrix matrix, ReadOnlySpan<int> rows)
    {
        _matrix = matrix;
        _rows = rows;
        _width = matrix.FeatureCount;
        Count = rows.Length;
    }

    public RowSource(ReadOnlySpan<float> values, int width)
    {
        _values = values;
        _width = width;
        Count = width == 0 ? 0 : values.Length / width;
    }

    public int Count { get; }

    /// <summary>One feature of the rows from <paramref name="from"/> on, as many as <paramref name="to"/> holds.</summary>
    public void CopyColumn(int feature, int from, Span<float> to)
    {
        if (_matrix is null)
        {
            for (var i = 0; i < to.Length; i++)
                to[i] = _values[(from + i) * _width + feature];
            return;
        }
        if (_matrix.Dense(feature) is { } column)
        {
            var rows = _rows.Slice(from, to.Length);
            if (rows.Length > 0 && rows[^1] - rows[0] == rows.Length - 1 && IsRun(rows))
            {
                column.AsSpan(rows[0], rows.Length).CopyTo(to);
                return;
            }
            for (var i = 0; i < to.Length; i++)
                to[i] = column[rows[i]];
            return;
        }
        var sparse = _matrix.Sparse(feature)!;
        for (var i = 0; i < to.Length; i++)
            to[i] = sparse.At(_rows[from + i]);
    }

    public void CopyRow(int at, Span<float> to)
    {
        if (_matrix is null)
            _values.Slice(at * _width, _width).CopyTo(to);
        else
            _matrix.CopyRow(_rows[at], to);
    }

    private static bool IsRun(ReadOnlySpan<int> rows)
    {
        for (var i = 1; i < rows.Length; i++)
        {
            if (rows[i] != rows[0] + i)
                return false;
        }
        return true;
    }
}
