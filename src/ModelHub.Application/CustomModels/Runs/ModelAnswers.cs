using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Engine.Data;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Tables as requests of the custom-model contract, and its answers as numbers.</summary>
internal static class ModelAnswers
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 16 };

    /// <summary><c>{"X": {column: [values]}}</c>; missing cells are null.</summary>
    public static ReadOnlyMemory<byte> Request(Table rows, int from, int count)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartObject("X");
        foreach (var column in rows.Columns)
        {
            json.WriteStartArray(column.Name);
            for (var r = from; r < from + count; r++)
                WriteCell(json, column, r);
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>The predictions of an answer: rows × classes, or a value a row.</summary>
    /// <exception cref="ModelHubException">The answer is something else than the target type needs; the message names the row.</exception>
    public static void Read(byte[] answer, ModelProgram program, int rows, Span<double> to)
    {
        using var document = Parse(answer);
        var classes = program.Classes;
        var width = Math.Max(1, classes.Count);
        var row = 0;
        foreach (var value in Predictions(document.RootElement, rows).EnumerateArray())
        {
            ReadRow(value, program, classes, row, to.Slice(row * width, width));
            row++;
        }
    }

    /// <summary>The predictions of an answer as they are, one JSON text a row: transformed rows, generated text, points.</summary>
    /// <exception cref="ModelHubException">The answer is something else than a list of as many.</exception>
    public static string[] ReadTexts(byte[] answer, int rows)
    {
        using var document = Parse(answer);
        return [.. Predictions(document.RootElement, rows).EnumerateArray().Select(v => v.GetRawText())];
    }

    private static JsonDocument Parse(byte[] answer)
    {
        var reader = new Utf8JsonReader(answer, Strict);
        try
        {
            return JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException broken)
        {
            throw Wrong("The model's answer is no JSON.", broken);
        }
    }

    private static JsonElement Predictions(JsonElement answer, int rows)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("predictions", out var list) || list.ValueKind != JsonValueKind.Array)
            throw Wrong("The model's answer has no list 'predictions'.");
        return list.GetArrayLength() == rows ? list : throw Wrong($"The model gave {list.GetArrayLength()} predictions for {rows} rows.");
    }

    /// <summary>A table as CSV, for models that read no rows.</summary>
    public static ReadOnlyMemory<byte> Csv(Table rows)
    {
        static string Quoted(string text) => text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : '"' + text.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';
        var text = new StringBuilder().AppendJoin(',', rows.Columns.Select(c => Quoted(c.Name))).Append('\n');
        for (var r = 0; r < rows.RowCount; r++)
            text.AppendJoin(',', rows.Columns.Select(c => Quoted(Cell.Text(c, r) ?? ""))).Append('\n');
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Whether answers are numbers: a value or a probability per class.</summary>
    public static bool IsNumeric(TargetType type) =>
        type is TargetType.Regression or TargetType.Binary or TargetType.Multiclass or TargetType.Anomaly;

    private static void ReadRow(JsonElement value, ModelProgram program, IReadOnlyList<string> classes, int row, Span<double> to)
    {
        if (classes.Count == 0)
        {
            to[0] = Number(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 ? value[0] : value, row);
            return;
        }
        if (value.ValueKind == JsonValueKind.Object)
        {
            for (var c = 0; c < classes.Count; c++)
            {
                to[c] = value.TryGetProperty(classes[c], out var p) ? Number(p, row)
                    : throw Wrong($"Row {row}: the prediction has no probability of the class '{classes[c]}'.");
            }
        }
        else if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == classes.Count)
        {
            for (var c = 0; c < classes.Count; c++)
                to[c] = Number(value[c], row);
        }
        else if (program.TargetType == TargetType.Binary && value.ValueKind == JsonValueKind.Number)
        {
            to[1] = Number(value, row);
            to[0] = 1 - to[1];
        }
        else
        {
            throw Wrong($"Row {row}: the prediction {Shown(value)} is no probability per class ({string.Join(", ", classes.Take(5))}).");
        }
        var sum = 0.0;
        foreach (var p in to)
        {
            if (p is < 0 or > 1)
                throw Wrong($"Row {row}: {p.ToString(CultureInfo.InvariantCulture)} is no probability of a class: it is not within 0 and 1.");
            sum += p;
        }
        if (Math.Abs(sum - 1) > 1e-3)
            throw Wrong($"Row {row}: the probabilities of the classes add up to {sum.ToString(CultureInfo.InvariantCulture)}, not to 1.");
    }

    private static double Number(JsonElement value, int row) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
            : throw Wrong($"Row {row}: the prediction {Shown(value)} is no number.");

    private static string Shown(JsonElement value) => value.GetRawText() is var text && text.Length > 80 ? text[..80] + "…" : text;

    private static void WriteCell(Utf8JsonWriter json, Column column, int row)
    {
        if (column is NumericColumn or SparseColumn)
        {
            var number = Cell.Number(column, row);
            if (!double.IsFinite(number))
                json.WriteNullValue();
            else if (column.Kind == ColumnKind.Boolean)
                json.WriteBooleanValue(number != 0);
            else if (column.Kind == ColumnKind.Date)
                json.WriteStringValue(DateTime.UnixEpoch.AddSeconds(number).ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", CultureInfo.InvariantCulture));
            else
                json.WriteNumberValue(number);
            return;
        }
        json.WriteStringValue(Cell.Text(column, row));
    }

    private static ModelHubException Wrong(string message, Exception? inner = null) =>
        new(ErrorKind.Invalid, "model_answer", message, inner: inner);
}
