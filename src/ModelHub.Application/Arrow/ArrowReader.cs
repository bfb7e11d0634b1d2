using System.Buffers.Binary;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Arrow;

/// <summary>
/// Reads tables in Arrow's IPC format, as a stream or as a file (arrow.apache.org/docs/format/Columnar.html). Every length and offset is
/// checked against the bytes; what is there is decoded, not referred to.
/// </summary>
public static class ArrowReader
{
    public const int MostRows = 1_000_000;
    /// <summary>Cells may take no bytes at all in the format, and do here.</summary>
    private const long MostCells = 50_000_000;
    private const byte SchemaMessage = 1;
    private const byte DictionaryMessage = 2;
    private const byte BatchMessage = 3;

    /// <exception cref="ModelHubException">
    /// The bytes are broken, or hold a type that has no form here; the message names the column.
    /// </exception>
    public static IReadOnlyList<FrameColumn> Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return ReadAll(Inner(bytes));
        }
        catch (InvalidDataException broken)
        {
            throw new ModelHubException(ErrorKind.Invalid, "bad_arrow",
                $"The body is no Arrow table that is read here: {broken.Message}", inner: broken);
        }
    }

    /// <summary>A file's stream: between its magic words, without its footer.</summary>
    private static ReadOnlyMemory<byte> Inner(ReadOnlyMemory<byte> bytes)
    {
        var magic = "ARROW1"u8;
        if (!bytes.Span.StartsWith(magic))
            return bytes;
        var span = bytes.Span;
        if (span.Length < 8 + 10 || !span[^6..].SequenceEqual(magic))
            throw new InvalidDataException("The file is cut short.");
        var footer = BinaryPrimitives.ReadInt32LittleEndian(span[^10..]);
        return footer > 0 && footer <= span.Length - 18 ? bytes[8..^(10 + footer)]
            : throw new InvalidDataException("The file's footer is broken.");
    }

    private static List<FrameColumn> ReadAll(ReadOnlyMemory<byte> bytes)
    {
        ArrowSchema? schema = null;
        var dictionaries = new Dictionary<long, ArrowValues>();
        var batches = new List<ArrowValues[]>();
        var rows = 0L;
        while (Next(ref bytes) is var (table, body))
        {
            var kind = table.Byte(1);
            var header = table.Table(2) ?? throw new InvalidDataException("A message is empty.");
            if (kind == SchemaMessage)
            {
                if (schema is not null)
                    throw new InvalidDataException("There are two schemas.");
                schema = ArrowSchema.Of(header);
                continue;
            }
            if (schema is null)
                throw new InvalidDataException("It does not begin with a schema.");
            if (kind == DictionaryMessage)
            {
                AddDictionary(schema, header, body, dictionaries);
                continue;
            }
            if (kind != BatchMessage)
                throw new InvalidDataException("A message is neither a schema nor rows.");
            var batch = new ArrowBatch(header, body, MostRows);
            if ((rows += batch.RowCount) > MostRows)
                throw new InvalidDataException($"There are more than {MostRows} rows.");
            if (rows * schema.Fields.Count > MostCells)
                throw new InvalidDataException($"There are more than {MostCells} cells.");
            batches.Add([.. schema.Fields.Select(f => batch.Column(f, dictionaries))]);
            batch.RequireEnd();
        }
        if (schema is null)
            throw new InvalidDataException("There is no schema.");
        return [.. schema.Fields.Select((field, at) => ArrowValues.Join(field.Name, [.. batches.Select(b => b[at])]))];
    }

    private static void AddDictionary(ArrowSchema schema, FlatTable header, ReadOnlyMemory<byte> body, Dictionary<long, ArrowValues> known)
    {
        var id = header.Long(0);
        var field = Find(schema.Fields, id) ?? throw new InvalidDataException("A dictionary belongs to no column.");
        if (field.Type == ArrowType.Null)
            throw new InvalidDataException("A dictionary holds nothing.");
        var data = header.Table(1) ?? throw new InvalidDataException("A dictionary is empty.");
        var values = new ArrowBatch(data, body, MostRows).Column(field with { Dictionary = null }, known);
        var all = header.Flag(2) && known.TryGetValue(id, out var before) ? ArrowValues.Concat([before, values]) : values;
        known[id] = all.Count <= MostRows ? all : throw new InvalidDataException($"A dictionary has more than {MostRows} values.");
    }

    private static ArrowField? Find(IEnumerable<ArrowField> fields, long id) =>
        fields.Select(f => f.Dictionary == id ? f : Find(f.Children, id)).FirstOrDefault(f => f is not null);

    /// <summary>The next message and its body; null at the end.</summary>
    private static (FlatTable Table, ReadOnlyMemory<byte> Body)? Next(ref ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
            return null;
        if (bytes.Length < 4)
            throw new InvalidDataException("It is cut short.");
        var start = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span) == uint.MaxValue ? 8 : 4;
        if (bytes.Length < start)
            throw new InvalidDataException("It is cut short.");
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[(start - 4)..]);
        if (length == 0)
            return null;
        if (length < 0 || length > bytes.Length - start)
            throw new InvalidDataException("It is cut short.");
        var table = FlatTable.Root(bytes.Slice(start, length));
        var body = table.Long(3);
        if (body < 0 || body > bytes.Length - start - length)
            throw new InvalidDataException("It is cut short.");
        var found = (table, bytes.Slice(start + length, (int)body));
        bytes = bytes[(start + length + (int)body)..];
        return found;
    }
}
