using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Models;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>Writes a <see cref="PredictAnswer"/> of scored records, some rows at a time.</summary>
internal sealed class PredictWriter
{
    private const int RowsAtOnce = 512;
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly ConditionalWeakTable<LoadedModel, JsonEncodedText[]> Classes = [];

    /// <summary>Per input all of a contribution but its number.</summary>
    private static readonly ConditionalWeakTable<LoadedModel, byte[][]> Openings = [];
    private static readonly JsonEncodedText Prediction = JsonEncodedText.Encode("prediction");
    private static readonly JsonEncodedText Probabilities = JsonEncodedText.Encode("probabilities");

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    private readonly ScoredRecords _scored;
    private readonly LoadedModel _model;
    private readonly PredictOptions _options;
    private readonly double _threshold;
    private readonly JsonEncodedText[] _classes;
    private readonly RowContributions? _contributions;
    private readonly ConformalBand? _band;
    private readonly List<int> _labelSet = [];

    /// <exception cref="Application.Errors.ModelHubException">The model lacks what the options ask for.</exception>
    public PredictWriter(ScoredRecords scored, PredictOptions options)
    {
        (_scored, _model, _options) = (scored, scored.Model, options);
        if (options.Threshold is not null || options.TopN is not null)
            new ScoringOptions(options.Threshold, TopContributions: options.TopN).Check();
        _threshold = options.Threshold ?? _model.Header.Threshold;
        _classes = Classes.GetValue(_model, static m => [.. m.Header.Classes.Select(Text)]);
        _contributions = options.IncludeContributions ? new RowContributions(_model) : null;
        _band = options.IncludeInterval ? ConformalBand.Of(_model, options.Coverage) : null;
    }

    public async ValueTask WriteAsync(PipeWriter output, CancellationToken cancellation)
    {
        var rows = _scored.Rows.Count;
        output.Write("{\"predictions\":["u8);
        for (var from = 0; from < rows; from += RowsAtOnce)
        {
            if (from > 0)
                await output.FlushAsync(cancellation);
            WriteRows(output, from, Math.Min(rows, from + RowsAtOnce));
        }
        output.Write("]"u8);
        for (var from = 0; _contributions is not null && from < rows; from += RowsAtOnce)
        {
            if (rows > RowsAtOnce) // what is short is sent in one piece
                await output.FlushAsync(cancellation);
            output.Write(from == 0 ? ",\"contributions\":["u8 : ","u8);
            WriteContributions(_contributions, output, from, Math.Min(RowsAtOnce, rows - from));
        }
        WriteRest(output);
        await output.FlushAsync(cancellation);
    }

    private static JsonEncodedText Text(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    private void WriteRows(PipeWriter output, int from, int to)
    {
        if (from > 0)
            output.Write(","u8);
        var json = _writer ??= new Utf8JsonWriter(Stream.Null, Options);
        json.Reset(output);
        for (var r = from; r < to; r++)
            WriteRow(json, _scored.Rows.OutputsOf(r));
        json.Flush();
        json.Reset(Stream.Null);
    }

    private void WriteRow(Utf8JsonWriter json, ReadOnlySpan<double> outputs)
    {
        json.WriteStartObject();
        if (_model.IsRegression)
        {
            json.WriteNumber(Prediction, outputs[0]);
            if (_band is not null)
            {
                var (low, high) = _band.IntervalOf(outputs[0]);
                json.WriteStartObject("interval"u8);
                json.WriteNumber("low"u8, low);
                json.WriteNumber("high"u8, high);
                json.WriteEndObject();
            }
            json.WriteEndObject();
            return;
        }
        var decided = _model.Decide(outputs, _threshold);
        json.WriteString(Prediction, _classes[decided]);
        json.WriteStartObject(Probabilities);
        for (var k = 0; k < outputs.Length; k++)
            json.WriteNumber(_classes[k], outputs[k]);
        json.WriteEndObject();
        if (_band is not null)
            WriteLabelSet(_band, json, outputs);
        json.WriteEndObject();
    }

    private void WriteLabelSet(ConformalBand band, Utf8JsonWriter json, ReadOnlySpan<double> outputs)
    {
        band.LabelsOf(outputs, _labelSet);
        json.WriteStartArray("label_set"u8);
        foreach (var label in _labelSet)
            json.WriteStringValue(_classes[label]);
        json.WriteEndArray();
    }

    private void WriteContributions(RowContributions contributions, PipeWriter output, int from, int count)
    {
        var openings = Openings.GetValue(_model, static m => [.. m.Header.Inputs.Select(input => Opening(input.Name))]);
        var pen = new Utf8Pen(output);
        var all = contributions.Of(_scored.Rows, from, count);
        for (var r = 0; r < count; r++)
        {
            var at = (r * contributions.ScoreCount + contributions.Explained(_scored.Rows.OutputsOf(from + r))) * contributions.Width;
            var own = all.AsSpan(at, contributions.Width);
            pen.Write(r == 0 ? "["u8 : ",["u8);
            foreach (var input in contributions.Largest(own, _options.TopN))
            {
                pen.Write(openings[input]);
                pen.Write(own[input]);
                pen.Write("},"u8);
            }
            pen.Write("{\"feature\":\"BiasTerm\",\"value\":"u8);
            pen.Write(own[^1]);
            pen.Write("}]"u8);
        }
        pen.Flush();
    }

    private static byte[] Opening(string feature) =>
        [.. "{\"feature\":\""u8, .. Text(feature).EncodedUtf8Bytes, .. "\",\"value\":"u8];

    private void WriteRest(PipeWriter output)
    {
        if (_contributions is not null)
        {
            output.Write(_scored.Rows.Count == 0 ? ",\"contributions\":[],\"contribution_space\":\""u8 : "],\"contribution_space\":\""u8);
            output.Write(System.Text.Encoding.UTF8.GetBytes(_contributions.Space + "\""));
        }
        if (_band is not null)
            output.Write(System.Text.Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $",\"interval_coverage\":{_band.Coverage}")));
        if (_scored.Warnings() is { Count: > 0 } warnings)
        {
            output.Write(",\"warnings\":"u8);
            output.Write(JsonSerializer.SerializeToUtf8Bytes(warnings));
        }
        output.Write("}"u8);
    }
}
