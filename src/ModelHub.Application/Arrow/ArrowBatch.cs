using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace ModelHub.Application.Arrow;

/// <summary>The buffers of one record batch, taken one after the other as its columns need them.</summary>
internal sealed class ArrowBatch
{
    private readonly FlatTable _header;
    private readonly ReadOnlyMemory<byte> _body;
    private readonly int _nodes;
    private readonly int _buffers;
    private readonly int _most;
    private int _node;
    private int _buffer;

    /// <exception cref="InvalidDataException">It is compressed, or says of itself what cannot be.</exception>
    public ArrowBatch(FlatTable header, ReadOnlyMemory<byte> body, int most)
    {
        (_header, _body, _most) = (header, body, most);
        if (header.Table(3) is not null)
            throw new InvalidDataException("Its buffers are compressed; write them uncompressed.");
        RowCount = Bounded(header.Long(0));
        (_nodes, _buffers) = (header.Count(1, 16), header.Count(2, 16));
    }

    public int RowCount { get; }

    public void RequireEnd()
    {
        if (_node != _nodes || _buffer != _buffers)
            throw new InvalidDataException("A batch has more buffers than its columns need.");
    }

    /// <exception cref="InvalidDataException">Its buffers are too short, or its type has no form here.</exception>
    public ArrowValues Column(ArrowField field, IReadOnlyDictionary<long, ArrowValues> dictionaries)
    {
        var values = Values(field, dictionaries);
        return values.Count == RowCount ? values
            : throw new InvalidDataException($"The column '{field.Name}' has {values.Count} rows of {RowCount}.");
    }

    private ArrowValues Values(ArrowField field, IReadOnlyDictionary<long, ArrowValues> dictionaries)
    {
        if (_node == _nodes)
            throw new InvalidDataException("A batch has fewer columns than the schema.");
        var count = Bounded(_header.Pair(1, _node++).First);
        if (field.Type == ArrowType.Null && field.Dictionary is null)
            return ArrowValues.Of(Filled(count));
        var missing = Missing(count);
        if (field.Dictionary is { } id)
        {
            var known = dictionaries.TryGetValue(id, out var found) ? found
                : count == 0 ? ArrowValues.Of(Array.Empty<string?>())
                    : throw new InvalidDataException($"The column '{field.Name}' has no dictionary.");
            return known.Pick(Numbers(field with { Type = ArrowType.Int, Width = field.Index, IsSigned = true }, count, missing));
        }
        return field.Type switch
        {
            ArrowType.Int or ArrowType.FloatingPoint => ArrowValues.Of(Numbers(field, count, missing)),
            ArrowType.Bool => ArrowValues.Of(Bits(count, missing)) with { IsTruth = true },
            ArrowType.Date or ArrowType.Timestamp => ArrowValues.Of(Times(field, count, missing)),
            ArrowType.Utf8 or ArrowType.LargeUtf8 => ArrowValues.Of(Texts(field, count, missing)),
            ArrowType.FixedSizeList or ArrowType.List or ArrowType.LargeList => Lists(field, count, missing, dictionaries),
            _ => throw new InvalidDataException($"The column '{field.Name}' is of type {field.Type}, which has no form here."),
        };
    }

    private double[] Numbers(ArrowField field, int count, Func<int, bool> missing)
    {
        var size = field.Width / 8;
        var data = Buffer((long)count * size).Span;
        var numbers = new double[count];
        for (var i = 0; i < count; i++)
        {
            var cell = data[(i * size)..];
            numbers[i] = missing(i) ? double.NaN : (field.Type, field.Width, field.IsSigned) switch
            {
                (ArrowType.FloatingPoint, 16, _) => (double)BinaryPrimitives.ReadHalfLittleEndian(cell),
                (ArrowType.FloatingPoint, 32, _) => BinaryPrimitives.ReadSingleLittleEndian(cell),
                (ArrowType.FloatingPoint, _, _) => BinaryPrimitives.ReadDoubleLittleEndian(cell),
                (_, 8, true) => (sbyte)cell[0],
                (_, 8, _) => cell[0],
                (_, 16, true) => BinaryPrimitives.ReadInt16LittleEndian(cell),
                (_, 16, _) => BinaryPrimitives.ReadUInt16LittleEndian(cell),
                (_, 32, true) => BinaryPrimitives.ReadInt32LittleEndian(cell),
                (_, 32, _) => BinaryPrimitives.ReadUInt32LittleEndian(cell),
                (_, _, true) => BinaryPrimitives.ReadInt64LittleEndian(cell),
                _ => BinaryPrimitives.ReadUInt64LittleEndian(cell),
            };
        }
        return numbers;
    }

    private double[] Bits(int count, Func<int, bool> missing)
    {
        var data = Buffer((count + 7) / 8);
        return [.. Enumerable.Range(0, count).Select(i => missing(i) ? double.NaN : data.Span[i / 8] >> (i % 8) & 1)];
    }

    private string?[] Times(ArrowField field, int count, Func<int, bool> missing)
    {
        var isDate = field.Type == ArrowType.Date;
        var size = isDate && field.Unit == 0 ? 4 : 8;
        var data = Buffer((long)count * size);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            if (missing(i))
                return null;
            var cell = data.Span[(i * size)..];
            var value = size == 4 ? BinaryPrimitives.ReadInt32LittleEndian(cell) : BinaryPrimitives.ReadInt64LittleEndian(cell);
            var ticks = (isDate, field.Unit) switch
            {
                (true, 0) => (Int128)value * TimeSpan.TicksPerDay,
                (true, _) or (_, 1) => (Int128)value * TimeSpan.TicksPerMillisecond,
                (_, 0) => (Int128)value * TimeSpan.TicksPerSecond,
                (_, 2) => (Int128)value * TimeSpan.TicksPerMicrosecond,
                _ => value / 100,
            } + DateTime.UnixEpoch.Ticks;
            if (ticks < 0 || ticks > DateTime.MaxValue.Ticks)
                throw new InvalidDataException($"The column '{field.Name}' has a time before the year 1 or after 9999.");
            return new DateTime((long)ticks).ToString(isDate ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
        })];
    }

    private string?[] Texts(ArrowField field, int count, Func<int, bool> missing)
    {
        var ends = Offsets(count, field.Type == ArrowType.LargeUtf8);
        var data = Buffer(ends[^1]).Span;
        var texts = new string?[count];
        for (var i = 0; i < count; i++)
            texts[i] = missing(i) ? null : Encoding.UTF8.GetString(data[ends[i]..ends[i + 1]]);
        return texts;
    }

    private ArrowValues Lists(ArrowField field, int count, Func<int, bool> missing, IReadOnlyDictionary<long, ArrowValues> dictionaries)
    {
        if (field.Children is not [{ Dictionary: null } child] || !child.IsNumeric || child.Type == ArrowType.Decimal)
            throw new InvalidDataException($"The column '{field.Name}' has lists of something else than numbers.");
        var ends = field.Type == ArrowType.FixedSizeList
            ? [.. Enumerable.Range(0, count + 1).Select(i => Bounded((long)i * field.Width))]
                : Offsets(count, field.Type == ArrowType.LargeList);
        var items = Values(child, dictionaries).Numbers!;
        if (ends[^1] > items.Length)
            throw new InvalidDataException($"The lists of '{field.Name}' are longer than their values.");
        return ArrowValues.Of([.. Enumerable.Range(0, count).Select(i => missing(i) ? null : items[ends[i]..ends[i + 1]])]);
    }

    /// <summary>Where values begin and the last one ends; never backwards.</summary>
    private int[] Offsets(int count, bool isLarge)
    {
        var size = isLarge ? 8 : 4;
        var data = Buffer(count == 0 ? 0 : (long)(count + 1) * size).Span; // a column without rows may have no offsets at all
        var ends = new int[count + 1];
        for (var i = 0; count > 0 && i <= count; i++)
        {
            var end = isLarge ? BinaryPrimitives.ReadInt64LittleEndian(data[(i * 8)..])
                : BinaryPrimitives.ReadInt32LittleEndian(data[(i * 4)..]);
            if (end < (i == 0 ? 0 : ends[i - 1]) || end > int.MaxValue)
                throw new InvalidDataException("The offsets of a column lead backwards or too far.");
            ends[i] = (int)end;
        }
        return ends;
    }

    private Func<int, bool> Missing(int count)
    {
        var (_, length) = Place();
        if (length == 0)
        {
            _buffer++;
            return _ => false;
        }
        var bits = Buffer((count + 7) / 8);
        return i => (bits.Span[i / 8] >> (i % 8) & 1) == 0;
    }

    private ReadOnlyMemory<byte> Buffer(long needed)
    {
        var (offset, length) = Place();
        _buffer++;
        if (offset < 0 || length < needed || length > _body.Length || offset > _body.Length - length)
            throw new InvalidDataException("A buffer is too short, or lies outside the body.");
        return _body.Slice((int)offset, (int)length);
    }

    private (long Offset, long Length) Place() =>
        _buffer < _buffers ? _header.Pair(2, _buffer) : throw new InvalidDataException("A batch has fewer buffers than its columns need.");

    private int Bounded(long count) => count >= 0 && count <= Math.Max(_most, _body.Length)
        ? (int)count : throw new InvalidDataException($"There are more than {_most} rows.");

    private static double[] Filled(int count)
    {
        var nothing = new double[count];
        Array.Fill(nothing, double.NaN);
        return nothing;
    }
}
