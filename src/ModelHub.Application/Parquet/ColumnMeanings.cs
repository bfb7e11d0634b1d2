namespace ModelHub.Application.Parquet;

/// <summary>What a column's values stand for, by parquet.thrift's ConvertedType or LogicalType, of which older files have one and newer ones both.</summary>
internal enum Meaning
{
    None,
    Text,
    Day,
    Millis,
    Micros,
    Nanos,
    Whole,
    UInt32,

    /// <summary>Anything else: decimals, times of a day, JSON.</summary>
    Other,
}

internal static class ColumnMeanings
{
    /// <summary>By the physical type (parquet.thrift: Type) what cells there are, and how their values lie; null for what is not read.</summary>
    public static (CellType Cells, Stored Stored)? Of(int physical, Meaning meaning) => (physical, meaning) switch
    {
        (0, Meaning.None) => (CellType.Truth, Stored.Bits),
        (1, Meaning.None or Meaning.Whole) => (CellType.Whole, Stored.Int32),
        (1, Meaning.UInt32) => (CellType.Whole, Stored.UInt32),
        (1, Meaning.Day) => (CellType.Day, Stored.Same),
        (2, Meaning.None or Meaning.Whole) => (CellType.Whole, Stored.Same),
        (2, Meaning.Millis) => (CellType.Moment, Stored.Millis),
        (2, Meaning.Micros) => (CellType.Moment, Stored.Same),
        (2, Meaning.Nanos) => (CellType.Moment, Stored.Nanos),
        (4, Meaning.None) => (CellType.Single, Stored.Same),
        (5, Meaning.None) => (CellType.Double, Stored.Same),
        (6, Meaning.None or Meaning.Text) => (CellType.Text, Stored.Text),
        _ => null,
    };

    /// <summary>ConvertedType.</summary>
    public static Meaning Converted(int type) => type switch
    {
        -1 => Meaning.None,
        0 => Meaning.Text,
        6 => Meaning.Day,
        9 => Meaning.Millis,
        10 => Meaning.Micros,
        11 or 12 or >= 15 and <= 18 => Meaning.Whole, // unsigned ones of 8 and 16 bits, and those with a sign
        13 => Meaning.UInt32,
        _ => Meaning.Other,
    };

    /// <summary>LogicalType, a union: its one field is the meaning.</summary>
    public static Meaning Logical(ref ThriftReader reader)
    {
        var meaning = Meaning.None;
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            switch (field, type)
            {
                case (8, ThriftReader.Structure):
                    meaning = Timestamp(ref reader);
                    break;
                case (10, ThriftReader.Structure):
                    meaning = Integer(ref reader);
                    break;
                default:
                    meaning = field switch { 1 => Meaning.Text, 6 => Meaning.Day, _ => Meaning.Other };
                    reader.Skip(type);
                    break;
            }
        }
        return meaning;
    }

    private static Meaning Timestamp(ref ThriftReader reader)
    {
        var unit = Meaning.Other;
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            if (field != 2 || type != ThriftReader.Structure)
            {
                reader.Skip(type);
                continue;
            }
            for (var one = 0; reader.Field(ref one, out type); reader.Skip(type))
                unit = one switch { 1 => Meaning.Millis, 2 => Meaning.Micros, 3 => Meaning.Nanos, _ => Meaning.Other };
        }
        return unit;
    }

    private static Meaning Integer(ref ThriftReader reader)
    {
        var (bits, isSigned) = (0, false);
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            if (field == 1 && type == ThriftReader.Byte)
                bits = reader.OneByte();
            else if (field == 2)
                isSigned = type == ThriftReader.True;
            else
                reader.Skip(type);
        }
        return isSigned || bits is 8 or 16 ? Meaning.Whole : bits == 32 ? Meaning.UInt32 : Meaning.Other;
    }
}
