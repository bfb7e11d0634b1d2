using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelHub.Engine.Data;

namespace ModelHub.Engine.Inference;

/// <summary>Rows to score, by column: the named rows of a matrix, or rows one after the other in one span.</summary>
internal readonly ref struct RowSource
{
    private const byte LowPairs = 0b01_00_01_00;
    private const byte HighPairs = 0b11_10_11_10;

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

    /// <summary>Features that are best copied at once.</summary>
    public int Together => _matrix is null ? 8 : 1;

    /// <summary>One feature of the rows from <paramref name="from"/> on, as many as <paramref name="to"/> holds.</summary>
    public void CopyColumn(int feature, int from, Span<float> to)
    {
        if (_matrix is null)
        {
            var at = from * _width + feature;
            for (var i = 0; i < to.Length; i++, at += _width)
                to[i] = _values[at];
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

    /// <summary>
    /// <see cref="Together"/> features at most, one after the other with <paramref name="stride"/> numbers between their beginnings; what follows the last
    /// of them means nothing. Only where AVX is.
    /// </summary>
    /// <param name="to"><see cref="Together"/> × <paramref name="stride"/> numbers, these a multiple of 8.</param>
    public unsafe void CopyColumns(int feature, int features, int from, int count, float* to, int stride)
    {
        var done = 0;
        if (_matrix is null)
        {
            fixed (float* values = _values)
            {
                // A row that is too short is read into the next.
                for (; done + 8 <= count && (from + done + 7L) * _width + feature + 8 <= _values.Length; done += 8)
                    Transpose(values + (from + done) * _width + feature, _width, to + done, stride);
            }
        }
        for (var f = 0; f < features; f++)
            CopyColumn(feature + f, from + done, new Span<float>(to + f * stride + done, count - done));
    }

    /// <summary>Eight numbers of eight rows as eight numbers of eight columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Transpose(float* rows, int width, float* columns, int stride)
    {
        var (a, b) = Pairs(rows, rows + width);
        var (c, d) = Pairs(rows + 2 * width, rows + 3 * width);
        var (e, f) = Pairs(rows + 4 * width, rows + 5 * width);
        var (g, h) = Pairs(rows + 6 * width, rows + 7 * width);
        Join(Avx.Shuffle(a, c, LowPairs), Avx.Shuffle(e, g, LowPairs), columns, columns + 4 * stride);
        Join(Avx.Shuffle(a, c, HighPairs), Avx.Shuffle(e, g, HighPairs), columns + stride, columns + 5 * stride);
        Join(Avx.Shuffle(b, d, LowPairs), Avx.Shuffle(f, h, LowPairs), columns + 2 * stride, columns + 6 * stride);
        Join(Avx.Shuffle(b, d, HighPairs), Avx.Shuffle(f, h, HighPairs), columns + 3 * stride, columns + 7 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe (Vector256<float> Low, Vector256<float> High) Pairs(float* one, float* two)
    {
        var (x, y) = (Vector256.Load(one), Vector256.Load(two));
        return (Avx.UnpackLow(x, y), Avx.UnpackHigh(x, y));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Join(Vector256<float> upper, Vector256<float> lower, float* low, float* high)
    {
        Avx.Permute2x128(upper, lower, 0x20).Store(low);
        Avx.Permute2x128(upper, lower, 0x31).Store(high);
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
