using System.Buffers;

namespace ModelHub.Application.Parquet;

/// <summary>What the cells of a column are, and how wide: what files of other types are read as.</summary>
public enum CellType : byte
{
    /// <summary>One byte, 0 or 1.</summary>
    Truth = 1,

    /// <summary>int64.</summary>
    Whole,

    /// <summary>float32.</summary>
    Single,

    /// <summary>float64.</summary>
    Double,

    /// <summary>int32: days since 1970-01-01.</summary>
    Day,

    /// <summary>int64: microseconds since 1970-01-01 UTC.</summary>
    Moment,

    /// <summary>UTF-8.</summary>
    Text,
}

/// <summary>A column whose cells are all of one type.</summary>
public sealed record TypedColumn(string Name, CellType Type)
{
    /// <summary>Bytes of a cell; 0 for a text.</summary>
    public int Width => WidthOf(Type);

    public static int WidthOf(CellType type) => type switch
    {
        CellType.Truth => 1,
        CellType.Single or CellType.Day => 4,
        CellType.Text => 0,
        CellType.Whole or CellType.Double or CellType.Moment => 8,
    };
}

/// <summary>Rows by column, and what a model reads of them row by row. The memory goes back to where it came from when it is disposed.</summary>
/// <param name="features">See <see cref="Features"/>; null when there are none.</param>
/// <param name="release">Gives back what was lent.</param>
public sealed unsafe class ColumnBatch(IReadOnlyList<TypedColumn> columns, BatchColumn[] cells, int count, float* features, int width, Action release) : IDisposable
{
    private Action? _release = release;

    public IReadOnlyList<TypedColumn> Columns { get; } = columns;

    public int Count { get; } = count;

    /// <summary>Row by row the features that were wanted: see <see cref="ColumnChoices"/>.</summary>
    public ReadOnlySpan<float> Features => new(features, Count * width);

    /// <summary>Bytes of the cells and features.</summary>
    public long Bytes => cells.Sum(c => c.Capacity == 0 ? 0 : c.BytesOf(Count)) + 4L * Count * width;

    public BatchColumn this[int column] => cells[column];

    public void Dispose()
    {
        foreach (var column in cells)
            column.Dispose();
        Interlocked.Exchange(ref _release, null)?.Invoke();
    }
}

/// <summary>The cells of one column: values of fixed width, or texts one behind the other.</summary>
public sealed unsafe class BatchColumn : IDisposable
{
    private readonly byte* _lent;
    private byte[] _bytes;
    private int[] _ends;
    private bool[]? _missing;

    public BatchColumn(TypedColumn column, int capacity)
    {
        Type = column.Type;
        _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(16, capacity * column.Width));
        _ends = column.Type == CellType.Text ? ArrayPool<int>.Shared.Rent(capacity) : [];
        Capacity = capacity;
    }

    /// <summary>Cells of fixed width that lie in somebody else's memory for as long as their batch is not disposed.</summary>
    public BatchColumn(TypedColumn column, int rows, byte* cells)
    {
        (Type, Capacity, _bytes, _ends) = (column.Type, rows, [], []);
        _lent = cells;
    }

    public CellType Type { get; }

    public int Capacity { get; }

    public bool HasMissing => _missing is not null;

    public bool IsMissing(int row) => _missing is { } missing && missing[row];

    /// <summary>Cells of fixed width as they lie in memory; a missing one holds anything.</summary>
    public ReadOnlySpan<T> Values<T>()
        where T : unmanaged =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(_lent != null ? new ReadOnlySpan<byte>(_lent, Capacity * TypedColumn.WidthOf(Type)) : _bytes);

    /// <summary>A text; empty when it is missing.</summary>
    public ReadOnlySpan<byte> Text(int row) => _bytes.AsSpan((row == 0 ? 0 : _ends[row - 1])..(_ends[row]));

    /// <summary>Any cell but a text as a number, dates in seconds since 1970-01-01 UTC; NaN when it is missing.</summary>
    public double Number(int row)
    {
        fixed (byte* cells = Values<byte>())
            return IsMissing(row) ? double.NaN : Number(Type, cells, row);
    }

    /// <summary>The same of a cell that is there, wherever it lies.</summary>
    public static double Number(CellType type, byte* cells, int row) => type switch
    {
        CellType.Truth => cells[row],
        CellType.Whole => ((long*)cells)[row],
        CellType.Single => ((float*)cells)[row],
        CellType.Double => ((double*)cells)[row],
        CellType.Day => Seconds(((int*)cells)[row] * 86400L),
        CellType.Moment => Seconds(((long*)cells)[row] / 1e6),
        CellType.Text => double.NaN,
    };

    /// <summary>Room for the values of some rows, to be written as they lie in memory.</summary>
    public Span<byte> Room(int firstRow, int rows)
    {
        var width = TypedColumn.WidthOf(Type);
        return _bytes.AsSpan(firstRow * width, rows * width);
    }

    internal long BytesOf(int rows) => rows == 0 ? 0 : Type == CellType.Text ? _ends[rows - 1] + rows : (long)rows * TypedColumn.WidthOf(Type);

    public void SetMissing(int row) => (_missing ??= Clean(ArrayPool<bool>.Shared.Rent(Capacity)))[row] = true;

    /// <summary>A flag for each row from the first on.</summary>
    public void SetMissing(ReadOnlySpan<bool> rows) => rows.CopyTo(_missing ??= Clean(ArrayPool<bool>.Shared.Rent(Capacity)));

    /// <summary>Room for the texts of the next rows, one behind the other; <paramref name="bytes"/> is the sum of the lengths.</summary>
    public Span<byte> RoomForTexts(int firstRow, ReadOnlySpan<int> lengths, int bytes)
    {
        var start = firstRow == 0 ? 0 : _ends[firstRow - 1];
        if (bytes > _bytes.Length - start)
        {
            var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(_bytes.Length * 2L, (long)start + bytes)));
            _bytes.AsSpan(0, start).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }
        var end = start;
        for (var r = 0; r < lengths.Length; r++)
            _ends[firstRow + r] = end += lengths[r];
        return _bytes.AsSpan(start, bytes);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        if (_ends.Length > 0)
            ArrayPool<int>.Shared.Return(_ends);
        if (_missing is not null)
            ArrayPool<bool>.Shared.Return(_missing);
        (_bytes, _ends, _missing) = ([], [], null);
    }

    private static bool[] Clean(bool[] rented)
    {
        Array.Clear(rented);
        return rented;
    }

    /// <summary>Beyond what dates can be (infinity, as some writers have it) is missing.</summary>
    private static double Seconds(double seconds) => Math.Abs(seconds) > 6e10 ? double.NaN : seconds;
}
