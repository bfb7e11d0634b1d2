using System.Buffers.Binary;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Arrow;

/// <summary>Types of Arrow columns, by their numbers in the format.</summary>
public enum ArrowType : byte
{
    None,
    Null,
    Int,
    FloatingPoint,
    Binary,
    Utf8,
    Bool,
    Decimal,
    Date,
    Time,
    Timestamp,
    Interval,
    List,
    Struct,
    Union,
    FixedSizeBinary,
    FixedSizeList,
    Map,
    Duration,
    LargeBinary,
    LargeUtf8,
    LargeList,
}

/// <summary>A column of a schema.</summary>
/// <param name="Width">Bits of an integer or floating-point number; elements of a fixed-size list.</param>
/// <param name="IsSigned">Of an integer.</param>
/// <param name="Unit">Of a date (0 days, 1 milliseconds) or a timestamp (0 seconds … 3 nanoseconds).</param>
/// <param name="Dictionary">Number of the dictionary that the values are in; null for none.</param>
/// <param name="Index">How many bits an index into the dictionary has.</param>
public sealed record ArrowField(
    string Name, ArrowType Type, int Width, bool IsSigned, short Unit, long? Dictionary, int Index, IReadOnlyList<ArrowField> Children)
{
    public bool IsNumeric => Type is ArrowType.Int or ArrowType.FloatingPoint or ArrowType.Bool or ArrowType.Decimal;

    public bool IsText => Type is ArrowType.Utf8 or ArrowType.LargeUtf8;
}

/// <summary>A schema in Arrow's IPC format (arrow.apache.org/docs/format/Columnar.html): a FlatBuffer behind its length.</summary>
public sealed record ArrowSchema(IReadOnlyList<ArrowField> Fields)
{
    public const int MostFields = 20_000;
    private const int Deepest = 16;
    private const byte SchemaHeader = 1;

    /// <param name="field">What a refusal names.</param>
    /// <exception cref="ModelHubException">The bytes are no schema.</exception>
    public static ArrowSchema Parse(ReadOnlyMemory<byte> message, string field)
    {
        try
        {
            var table = FlatTable.Root(Body(message));
            if (table.Byte(1) != SchemaHeader || table.Table(2) is not { } schema)
                throw new InvalidDataException("The message is no schema.");
            return Of(schema);
        }
        catch (InvalidDataException broken)
        {
            throw new ModelHubException(
                ErrorKind.Invalid, "invalid", $"'{field}' is no Arrow schema: {broken.Message}",
                new Dictionary<string, string> { [field] = $"No Arrow schema: {broken.Message}" }, broken);
        }
    }

    internal static ArrowSchema Of(FlatTable schema)
    {
        if (schema.Short(0) != 0)
            throw new InvalidDataException("The schema is of a big-endian machine.");
        var left = MostFields;
        return new ArrowSchema(Read(schema, 1, 0, ref left));
    }

    /// <summary>The FlatBuffer of a message: behind a marker and a length, or (before 0.15) a length alone.</summary>
    private static ReadOnlyMemory<byte> Body(ReadOnlyMemory<byte> message)
    {
        if (message.Length < 8)
            throw new InvalidDataException("It is too short.");
        var start = BinaryPrimitives.ReadUInt32LittleEndian(message.Span) == uint.MaxValue ? 8 : 4;
        var length = BinaryPrimitives.ReadInt32LittleEndian(message.Span[(start - 4)..]);
        return length > 0 && length <= message.Length - start
            ? message.Slice(start, length) : throw new InvalidDataException("It is cut short.");
    }

    private static ArrowField[] Read(FlatTable parent, int slot, int depth, ref int left)
    {
        if (depth > Deepest)
            throw new InvalidDataException("It is nested too deeply.");
        var count = parent.Count(slot, 4);
        if ((left -= count) < 0)
            throw new InvalidDataException($"It has more than {MostFields} fields.");
        var fields = new ArrowField[count];
        for (var i = 0; i < count; i++)
            fields[i] = Field(parent.Item(slot, i), depth, ref left);
        return fields;
    }

    private static ArrowField Field(FlatTable field, int depth, ref int left)
    {
        var kind = (ArrowType)field.Byte(2);
        var type = field.Table(3);
        var width = type is not { } of ? 0 : kind switch
        {
            ArrowType.Int or ArrowType.FixedSizeList or ArrowType.FixedSizeBinary => of.Int(0),
            ArrowType.FloatingPoint => of.Short(0) switch
            {
                0 => 16,
                1 => 32,
                2 => 64,
                _ => throw new InvalidDataException("A field has an unknown precision."),
            },
            _ => 0,
        };
        if (kind == ArrowType.Int && width is not (8 or 16 or 32 or 64) || kind == ArrowType.FloatingPoint && width == 0
            || kind == ArrowType.FixedSizeList && width < 0)
            throw new InvalidDataException("A field has an impossible width.");
        var dictionary = field.Table(4);
        var index = dictionary?.Table(1)?.Int(0) ?? 32;
        if (index is not (8 or 16 or 32 or 64))
            throw new InvalidDataException("The indices of a dictionary have an impossible width.");
        return new ArrowField(
            field.Text(0) ?? "", kind, width, type is { } signed && kind == ArrowType.Int && signed.Flag(1),
            kind == ArrowType.Date ? type?.Short(0, 1) ?? 1 : kind == ArrowType.Timestamp ? type?.Short(0) ?? 0 : (short)0,
            dictionary?.Long(0), index, Read(field, 5, depth + 1, ref left));
    }
}
