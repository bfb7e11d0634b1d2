using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>Rows with their predictions as JSON: of each record what is passed through, <c>pred_predict</c>, and <c>prob_…</c> per class.</summary>
/// <param name="asLines">One record a line, nothing around them.</param>
internal sealed class BatchJson(LoadedModel model, bool asLines) : IScoredRowsWriter
{
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly JsonEncodedText[] _classes = [.. model.Header.Classes.Select(Text)];
    private readonly JsonEncodedText[] _probabilities = [.. model.Header.Classes.Select(c => Text("prob_" + c))];

    public bool TellsNames => true;

    public void Prepare(RowColumns columns)
    {
    }

    public void Begin(RowColumns columns, IBufferWriter<byte> output)
    {
        if (!asLines)
            output.Write("{\"predictions\":["u8);
    }

    public void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output)
    {
        JsonEncodedText[] names = [.. columns.All.Select(c => Text(c.Name))];
        bool[] isAsked = [.. columns.All.Select(c => columns.IsAsked(c.Name))];
        using var json = new Utf8JsonWriter(output, Options);
        for (var r = 0; r < block.Count; r++)
        {
            if (!asLines && block.FirstRow + r > 0 && r == 0)
                output.Write(","u8);
            json.WriteStartObject();
            foreach (var cell in block.CellsOf(r))
            {
                if (isAsked[cell.Column])
                    BatchCells.Write(json, names[cell.Column], cell, block.TextOf(cell));
            }
            WritePrediction(json, block.OutputsOf(r));
            json.WriteEndObject();
            if (!asLines)
                continue;
            json.Flush();
            json.Reset(output);
            output.Write("\n"u8);
        }
    }

    public void End(long rows, IBufferWriter<byte> output)
    {
        if (!asLines)
            output.Write(Encoding.UTF8.GetBytes($"],\"row_count\":{rows}}}"));
    }

    private void WritePrediction(Utf8JsonWriter json, ReadOnlySpan<double> outputs)
    {
        if (model.IsRegression)
        {
            json.WriteNumber("pred_predict"u8, outputs[0]);
            return;
        }
        json.WriteString("pred_predict"u8, _classes[model.Decide(outputs)]);
        for (var k = 0; k < outputs.Length; k++)
            json.WriteNumber(_probabilities[k], outputs[k]);
    }

    private static JsonEncodedText Text(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}

/// <summary>Rows with their predictions as CSV: the columns that are passed through, <c>pred_predict</c>, and <c>prob_…</c> per class.</summary>
internal sealed class BatchCsv(LoadedModel model) : IScoredRowsWriter
{
    private readonly byte[][] _classes = [.. model.Header.Classes.Select(c => Encoding.UTF8.GetBytes(BatchCells.Quoted(c)))];
    private int[] _columns = [];

    public void Prepare(RowColumns columns) => _columns = columns.Asked();

    public void Begin(RowColumns columns, IBufferWriter<byte> output)
    {
        var header = _columns.Select(c => columns.All[c].Name).Append("pred_predict").Concat(model.Header.Classes.Select(c => "prob_" + c));
        output.Write(Encoding.UTF8.GetBytes(string.Join(',', header.Select(BatchCells.Quoted)) + "\n"));
    }

    public void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output)
    {
        var pen = new Utf8Pen(output);
        for (var r = 0; r < block.Count; r++)
        {
            var outputs = block.OutputsOf(r);
            foreach (var c in _columns)
            {
                pen.WriteCell(block.TextOf(block.CellOf(r, c)));
                pen.Write((byte)',');
            }
            if (model.IsRegression)
                pen.Write(outputs[0]);
            else
                pen.Write(_classes[model.Decide(outputs)]);
            for (var k = 0; k < outputs.Length && !model.IsRegression; k++)
            {
                pen.Write((byte)',');
                pen.Write(outputs[k]);
            }
            pen.Write((byte)'\n');
        }
        pen.Flush();
    }

    public void End(long rows, IBufferWriter<byte> output)
    {
    }
}

/// <summary>Cells as they came.</summary>
internal static class BatchCells
{
    /// <summary>A cell whose type nobody told becomes a number where it is one of JSON's; a text stays a text.</summary>
    public static void Write(Utf8JsonWriter json, JsonEncodedText name, KeptCell cell, ReadOnlySpan<byte> text)
    {
        json.WritePropertyName(name);
        if (cell.Kind == CellKind.Missing)
            json.WriteNullValue();
        else if (cell.Kind is CellKind.Number or CellKind.Truth || cell.Kind == CellKind.Untyped && IsNumber(text))
            json.WriteRawValue(text, skipInputValidation: true);
        else
            json.WriteStringValue(text);
    }

    public static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Digits with at most one point and an exponent, no leading zeros or plus: JSON's own form (RFC 8259, section 6).</summary>
    private static bool IsNumber(ReadOnlySpan<byte> text)
    {
        if (text.Length > 40)
            return false;
        if (text is [(byte)'-', ..])
            text = text[1..];
        if (!Digits(ref text, out var whole) || whole.Length > 1 && whole[0] == '0')
            return false;
        if (text is [(byte)'.', ..] && !Digits(ref text, out _, skip: 1))
            return false;
        if (text is [(byte)'e' or (byte)'E', ..] && !Digits(ref text, out _, skip: text is [_, (byte)'+' or (byte)'-', ..] ? 2 : 1))
            return false;
        return text.IsEmpty;
    }

    private static bool Digits(ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> digits, int skip = 0)
    {
        text = text[skip..];
        var count = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') is >= 0 and var end ? end : text.Length;
        digits = text[..count];
        text = text[count..];
        return count > 0;
    }
}
