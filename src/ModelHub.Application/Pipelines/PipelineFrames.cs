using System.Buffers;
using System.Text.Json;
using ModelHub.Application.Arrow;
using ModelHub.Application.Errors;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Pipelines;

/// <summary>Rows as they come (JSON records, or columns of lists) and as they are scored (JSON records of the model's inputs).</summary>
public static class PipelineFrames
{
    private const int MostRows = 100_000;

    /// <summary>80 MB of them while they are looked at.</summary>
    private const long MostCells = 5_000_000;

    /// <summary>A list of records, or an object of columns: <c>{"tensor": [[1, 2], [3, 4]]}</c>.</summary>
    /// <exception cref="ModelHubException">It is no JSON, or nested otherwise.</exception>
    public static IReadOnlyList<FrameColumn> OfJson(ReadOnlyMemory<byte> body)
    {
        try
        {
            Count(body.Span);
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 8 });
            return document.RootElement.ValueKind switch
            {
                JsonValueKind.Array => OfRecords(Rows(document.RootElement)),
                JsonValueKind.Object => [.. document.RootElement.EnumerateObject().Select(m => m.Value.ValueKind == JsonValueKind.Array
                    ? Column(m.Name, Rows(m.Value))
                    : throw ModelHubException.Invalid("body", $"The column '{Short(m.Name)}' is no list."))],
                _ => throw ModelHubException.Invalid("body", "The rows are a list of records, or an object of columns."),
            };
        }
        catch (JsonException broken)
        {
            throw new ModelHubException(
                ErrorKind.Invalid, "bad_json",
                    $"The body is no JSON (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}).", inner: broken);
        }
    }

    private static JsonElement[] Rows(JsonElement list) => [.. list.EnumerateArray()];

    /// <summary>Counts rows and values before anything is made of them: megabytes of <c>[],</c> would be a gigabyte.</summary>
    private static void Count(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 8 });
        var (rowDepth, rows, values) = (-1, 0, 0L);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject or JsonTokenType.PropertyName)
                continue;
            if (rowDepth < 0)
                rowDepth = reader.TokenType == JsonTokenType.StartArray ? 1 : 2; // records, or columns of lists
            else if (reader.CurrentDepth < rowDepth)
                rows = 0;
            else if (reader.CurrentDepth == rowDepth && ++rows > MostRows)
                throw ModelHubException.Invalid("body", $"Row {MostRows}: one body has at most {MostRows} rows; send more as an Arrow table, or in several bodies.");
            if (++values > MostCells + 2 * MostRows) // lists and records count, too
                throw ModelHubException.Invalid("body", $"One body has at most {MostCells} values; send more as an Arrow table, or in several bodies.");
        }
    }

    private static List<FrameColumn> OfRecords(IReadOnlyList<JsonElement> records)
    {
        var columns = new OrderedDictionary<string, JsonElement[]>(StringComparer.Ordinal);
        for (var r = 0; r < records.Count; r++)
        {
            if (records[r].ValueKind != JsonValueKind.Object)
                throw ModelHubException.Invalid("body", $"Row {r} is no record.");
            foreach (var member in records[r].EnumerateObject())
            {
                if (!columns.TryGetValue(member.Name, out var cells))
                {
                    if (columns.Count == Scoring.RowColumns.Most || (columns.Count + 1L) * records.Count > MostCells)
                        throw ModelHubException.Invalid("body", $"Row {r}: there are too many columns.");
                    columns.Add(member.Name, cells = new JsonElement[records.Count]);
                }
                cells[r] = member.Value;
            }
        }
        return [.. columns.Select(c => Column(c.Key, c.Value))];
    }

    private static FrameColumn Column(string name, JsonElement[] cells)
    {
        var kinds = cells.Select(c => c.ValueKind).Where(k => k is not (JsonValueKind.Null or JsonValueKind.Undefined)).Distinct().ToList();
        if (kinds.Contains(JsonValueKind.Object) || kinds.Contains(JsonValueKind.Array) && kinds.Count > 1)
            throw ModelHubException.Invalid("body", $"The column '{Short(name)}' is nested, or holds lists beside other values.");
        if (kinds.Contains(JsonValueKind.Array))
            return FrameColumn.Of(name, [.. cells.Select((c, r) => c.ValueKind == JsonValueKind.Array ? Numbers(name, r, c) : null)]);
        if (kinds.Count > 0 && kinds.All(k => k is JsonValueKind.True or JsonValueKind.False))
            return FrameColumn.Of(name,
                [.. cells.Select(c => c.ValueKind switch { JsonValueKind.True => 1.0, JsonValueKind.False => 0, _ => double.NaN })])
                with { IsTruth = true };
        return kinds.All(k => k == JsonValueKind.Number)
            ? FrameColumn.Of(name, [.. cells.Select((c, r) => c.ValueKind == JsonValueKind.Number ? Number(name, r, c) : double.NaN)])
            : FrameColumn.Of(name, [.. cells.Select(c => c.ValueKind switch
            {
                JsonValueKind.String => c.GetString(),
                JsonValueKind.Null or JsonValueKind.Undefined => null,
                _ => c.GetRawText(),
            })]);
    }

    private static double[] Numbers(string name, int row, JsonElement list) =>
        [.. list.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? double.NaN : Number(name, row, v))];

    private static double Number(string name, int row, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
            : throw ModelHubException.Invalid("body",
                $"Row {row}: '{Short(name)}' holds something else than a number that a double can hold.");

    /// <summary>Records of the model's inputs. A single column of lists is the whole row, in the order of the inputs.</summary>
    /// <exception cref="ModelHubException">
    /// There are no rows, their columns have different lengths, or lists do not fit the model.
    /// </exception>
    public static ReadOnlyMemory<byte> ToRecords(IReadOnlyList<FrameColumn> columns, ModelHeader header)
    {
        var rows = columns.Count == 0 ? 0 : columns[0].RowCount;
        if (rows == 0)
            throw ModelHubException.Invalid("body", "There are no rows.");
        if (columns.FirstOrDefault(c => c.RowCount != rows) is { } other)
            throw ModelHubException.Invalid("body",
                $"The column '{Short(other.Name)}' has {other.RowCount} rows, '{Short(columns[0].Name)}' has {rows}.");
        if (columns.DistinctBy(c => c.Name).Count() != columns.Count)
            throw ModelHubException.Invalid("body", "Two columns have the same name.");
        var isMatrix = columns is [{ Lists: not null }];
        var names = isMatrix ? NamesOf(columns[0], header) : [];
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        json.WriteStartArray();
        for (var r = 0; r < rows; r++)
        {
            json.WriteStartObject();
            if (isMatrix)
                WriteRow(json, columns[0], r, names);
            else
                WriteCells(json, columns, r);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static string[] NamesOf(FrameColumn matrix, ModelHeader header)
    {
        var width = header.Inputs.Count > 0 ? header.Inputs.Count : matrix.Lists!.Max(l => l?.Length ?? 0);
        if (width > Scoring.RowColumns.Most)
            throw ModelHubException.Invalid("body", $"A row of '{Short(matrix.Name)}' has more than {Scoring.RowColumns.Most} values.");
        return [.. Enumerable.Range(0, width).Select(i => header.Inputs.Count > 0 ? header.Inputs[i].Name : $"{matrix.Name}_{i}")];
    }

    private static void WriteRow(Utf8JsonWriter json, FrameColumn matrix, int row, string[] names)
    {
        var values = matrix.Lists![row] ?? [];
        if (values.Length != names.Length)
            throw ModelHubException.Invalid("body",
                $"Row {row}: '{Short(matrix.Name)}' has {values.Length} values; the model reads {names.Length}.");
        for (var i = 0; i < names.Length; i++)
        {
            json.WritePropertyName(names[i]);
            Write(json, values[i]);
        }
    }

    private static void WriteCells(Utf8JsonWriter json, IReadOnlyList<FrameColumn> columns, int row)
    {
        foreach (var column in columns)
        {
            json.WritePropertyName(column.Name);
            if (column.Texts is { } texts)
                json.WriteStringValue(texts[row]); // null is null
            else if (column.IsTruth && !double.IsNaN(column.Numbers![row]))
                json.WriteBooleanValue(column.Numbers[row] == 1);
            else if (column.Lists is { } lists && lists[row] is { Length: > 1 } long_)
                throw ModelHubException.Invalid("body",
                    $"Row {row}: '{Short(column.Name)}' is a list of {long_.Length}; beside other columns it has one value.");
            else
                Write(json, column.Lists is { } single ? single[row] is [var only] ? only : double.NaN : column.Numbers![row]);
        }
    }

    private static void Write(Utf8JsonWriter json, double number)
    {
        if (double.IsFinite(number))
            json.WriteNumberValue(number);
        else
            json.WriteNullValue();
    }

    private static string Short(string name) => name.Length <= 60 ? name : name[..60] + "…";
}
