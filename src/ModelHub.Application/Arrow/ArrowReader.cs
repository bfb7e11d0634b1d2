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
    private const long MostCells = 1 << 24;
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
            var (schema, messages) = bytes.Span.StartsWith("ARROW1"u8) ? OfFile(bytes) : OfStream(bytes);
            return ReadAll(schema, messages);
        }
        catch (InvalidDataException broken)
        {
            throw new ModelHubException(
                ErrorKind.Invalid, "bad_arrow", $"The body is no Arrow table that is read here: {broken.Message}", inner: broken);
        }
    }

    private static (ArrowSchema Schema, List<Message> Messages) OfStream(ReadOnlyMemory<byte> bytes)
    {
        var messages = new List<Message>();
        while (Next(ref bytes) is { } message)
            messages.Add(message);
        if (messages.Count == 0 || messages[0].Kind != SchemaMessage)
            throw new InvalidDataException("It does not begin with a schema.");
        return (ArrowSchema.Of(messages[0].Header), messages[1..]);
    }

    /// <summary>A file's footer says where its parts lie.</summary>
    private static (ArrowSchema Schema, List<Message> Messages) OfFile(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < 8 + 10 || !span[^6..].SequenceEqual("ARROW1"u8))
            throw new InvalidDataException("The file is cut short.");
        var length = BinaryPrimitives.ReadInt32LittleEndian(span[^10..]);
        if (length <= 0 || length > span.Length - 18)
            throw new InvalidDataException("The file's footer is broken.");
        var footer = FlatTable.Root(bytes.Slice(bytes.Length - 10 - length, length));
        var schema = ArrowSchema.Of(footer.Table(1) ?? throw new InvalidDataException("There is no schema."));
        var messages = new List<Message>();
        var taken = 0L;
        foreach (var field in (int[])[2, 3]) // the dictionaries before the rows
        {
            for (var i = 0; i < footer.Count(field, 24); i++)
            {
                var (offset, head, body) = footer.Block(field, i);
                if (offset < 8 || head < 0 || body < 0 || offset > bytes.Length || (taken += (long)head + body) > bytes.Length)
                    throw new InvalidDataException("The file's footer leads out of the file, or to the same place again and again.");
                var rest = bytes[(int)offset..];
                messages.Add(Next(ref rest) is { } message && message.Length <= (long)head + body + 8
                    ? message : throw new InvalidDataException("The file's footer leads to nothing."));
            }
        }
        return (schema, messages);
    }

    private static List<FrameColumn> ReadAll(ArrowSchema schema, List<Message> messages)
    {
        var (dictionaries, copied) = (new Dictionary<long, ArrowValues>(), 0L);
        var batches = new List<ArrowValues[]>();
        var rows = 0L;
        foreach (var message in messages)
        {
            if (message.Kind == DictionaryMessage)
            {
                // A part of a dictionary copies all that came before it.
                if ((copied += AddDictionary(schema, message.Header, message.Body, dictionaries)) > MostCells)
                    throw new InvalidDataException("The dictionaries come in too many parts.");
                continue;
            }
            if (message.Kind != BatchMessage)
                throw new InvalidDataException("A message holds neither rows nor a dictionary.");
            var batch = new ArrowBatch(message.Header, message.Body, MostRows);
            if ((rows += batch.RowCount) > MostRows)
                throw new InvalidDataException($"There are more than {MostRows} rows.");
            if (rows * schema.Fields.Count > MostCells)
                throw new InvalidDataException($"There are more than {MostCells} cells.");
            batches.Add([.. schema.Fields.Select(f => batch.Column(f, dictionaries))]);
            batch.RequireEnd();
        }
        return [.. schema.Fields.Select((field, at) => ArrowValues.Join(field.Name, [.. batches.Select(b => b[at])]))];
    }

    /// <summary>The number of values that the dictionary has now.</summary>
    private static int AddDictionary(ArrowSchema schema, FlatTable header, ReadOnlyMemory<byte> body, Dictionary<long, ArrowValues> known)
    {
        var id = header.Long(0);
        var field = Find(schema.Fields, id) ?? throw new InvalidDataException("A dictionary belongs to no column.");
        if (field.Type == ArrowType.Null)
            throw new InvalidDataException("A dictionary holds nothing.");
        var data = header.Table(1) ?? throw new InvalidDataException("A dictionary is empty.");
        var values = new ArrowBatch(data, body, MostRows).Column(field with { Dictionary = null }, known);
        var all = header.Flag(2) && known.TryGetValue(id, out var before) ? ArrowValues.Concat([before, values]) : values;
        known[id] = all.Count <= MostRows ? all : throw new InvalidDataException($"A dictionary has more than {MostRows} values.");
        return all.Count;
    }

    private static ArrowField? Find(IEnumerable<ArrowField> fields, long id) =>
        fields.Select(f => f.Dictionary == id ? f : Find(f.Children, id)).FirstOrDefault(f => f is not null);

    /// <summary>The next message; null at the end.</summary>
    private static Message? Next(ref ReadOnlyMemory<byte> bytes)
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
        var header = table.Table(2) ?? throw new InvalidDataException("A message is empty.");
        var found = new Message(table.Byte(1), header, bytes.Slice(start + length, (int)body), start + length + body);
        bytes = bytes[(start + length + (int)body)..];
        return found;
    }

    /// <param name="Length">Bytes of all of it.</param>
    private sealed record Message(byte Kind, FlatTable Header, ReadOnlyMemory<byte> Body, long Length);
}
