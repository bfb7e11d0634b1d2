using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelHub.Application.Arrow;
using ModelHub.Application.Pipelines;

namespace ModelHub.Api.Dialects.Registry;

/// <summary>What a pipeline answers: a record per row (<c>time, in, out, anomaly, metadata</c>), or the same as columns.</summary>
internal static class InferenceAnswers
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] ToJson(PipelineAnswer answer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Plain);
        var model = JsonSerializer.Serialize(new Dictionary<string, string> { ["model_name"] = answer.Model.Name, ["model_sha"] = answer.Model.Sha256 });
        json.WriteStartArray();
        for (var r = 0; r < answer.Refused.Length; r++)
        {
            json.WriteStartObject();
            json.WriteNumber("time", answer.At.ToUnixTimeMilliseconds());
            Cells(json, "in", answer.Inputs, r);
            Cells(json, "out", answer.Outputs, r);
            json.WriteStartObject("anomaly");
            json.WriteNumber("count", answer.Refused[r] ? 1 : 0);
            json.WriteEndObject();
            json.WriteStartArray("check_failures");
            json.WriteEndArray();
            json.WriteStartObject("metadata");
            json.WriteString("last_model", model);
            json.WriteString("pipeline_version", answer.PipelineVersion);
            json.WriteStartArray("elapsed");
            json.WriteNumberValue((long)answer.Elapsed.TotalNanoseconds);
            json.WriteEndArray();
            json.WriteStartArray("dropped");
            json.WriteEndArray();
            json.WriteString("partition", "modelhub");
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] ToArrow(PipelineAnswer answer, bool isFile)
    {
        var rows = answer.Refused.Length;
        List<FrameColumn> columns =
        [
            FrameColumn.Of("time", [.. Enumerable.Repeat((double)answer.At.ToUnixTimeMilliseconds(), rows)]) with { IsTime = true },
            .. answer.Inputs.Select(c => c with { Name = "in." + c.Name }),
            .. answer.Outputs.Select(c => c with { Name = "out." + c.Name }),
            FrameColumn.Of("anomaly.count", [.. answer.Refused.Select(r => r ? 1.0 : 0)]),
        ];
        return ArrowWriter.Write(columns, isFile);
    }

    private static void Cells(Utf8JsonWriter json, string name, IReadOnlyList<FrameColumn> columns, int row)
    {
        json.WriteStartObject(name);
        foreach (var column in columns)
        {
            json.WritePropertyName(column.Name);
            if (column.Texts is { } texts)
                json.WriteStringValue(texts[row]); // null is null
            else if (column.Lists is { } lists)
                List(json, lists[row]);
            else if (column.IsTruth && !double.IsNaN(column.Numbers![row]))
                json.WriteBooleanValue(column.Numbers[row] == 1);
            else
                Number(json, column.Numbers![row]);
        }
        json.WriteEndObject();
    }

    private static void List(Utf8JsonWriter json, double[]? values)
    {
        if (values is null)
        {
            json.WriteNullValue();
            return;
        }
        json.WriteStartArray();
        foreach (var value in values)
            Number(json, value);
        json.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumberValue(value);
        else
            json.WriteNullValue();
    }
}
