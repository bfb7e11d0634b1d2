using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelHub.Application.Deployments;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Predictions;

/// <summary><c>{"data": [{"predictionValues": [...], "prediction": ..., "rowId": 0}, ...]}</c></summary>
internal sealed class JsonPredictions : PredictionWriter
{
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonEncodedText PredictionValues = JsonEncodedText.Encode("predictionValues");
    private static readonly JsonEncodedText Value = JsonEncodedText.Encode("value");
    private static readonly JsonEncodedText Label = JsonEncodedText.Encode("label");
    private static readonly JsonEncodedText PredictionThreshold = JsonEncodedText.Encode("predictionThreshold");
    private static readonly JsonEncodedText Prediction = JsonEncodedText.Encode("prediction");
    private static readonly JsonEncodedText RowId = JsonEncodedText.Encode("rowId");

    [ThreadStatic]
    private static Utf8JsonWriter? _writer;

    private readonly JsonEncodedText[] _labels;

    public JsonPredictions(LoadedModel model, ServedDeployment deployment, PredictionQuery query)
        : base(model, deployment, query)
    {
        _labels = model.IsRegression ? [Text(model.Header.Target)] : model.IsBinary ? [] : [.. model.Header.Classes.Select(Text)];
    }

    public override bool TellsNames => true;

    public override void Begin(RowColumns columns, IBufferWriter<byte> output) => output.Write("{\"data\":["u8);

    public override void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output)
    {
        if (block.FirstRow > 0 && block.Count > 0)
            output.Write(","u8);
        JsonEncodedText[] names = Passed.Length == 0 && !Query.Passthrough.All ? [] : [.. columns.All.Select(c => Text(c.Name))];
        var json = _writer ??= new Utf8JsonWriter(Stream.Null, Options);
        json.Reset(output);
        for (var r = 0; r < block.Count; r++)
            Row(json, block, r, names);
        json.Flush();
        json.Reset(Stream.Null);
    }

    public override void End(long rows, IBufferWriter<byte> output) => output.Write("]}"u8);

    private static JsonEncodedText Text(string text) => JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);

    private void Row(Utf8JsonWriter json, RowBlock block, int row, JsonEncodedText[] names)
    {
        var outputs = block.OutputsOf(row);
        var verdict = block.Answers is null ? Judge(block, row) : default;
        json.WriteStartObject();
        json.WriteStartArray(PredictionValues);
        if (Model.IsBinary)
        {
            WriteValue(json, outputs[1], 1);
            WriteValue(json, outputs[0], 0);
        }
        for (var k = 0; k < _labels.Length && block.Answers is null; k++)
        {
            json.WriteStartObject();
            json.WriteNumber(Value, Rounded(outputs[k]));
            json.WriteString(Label, _labels[k]);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (Model.IsBinary)
            json.WriteNumber(PredictionThreshold, Threshold);
        if (block.Answers is { } answers)
            WriteAnswer(json, answers[row]);
        else
            WritePrediction(json, outputs, verdict);
        json.WriteNumber(RowId, block.FirstRow + row);
        if (Query.Warnings)
            json.WriteBoolean("isOutlierPrediction"u8, verdict.IsOutlier);
        if (verdict.Rule is { } rule)
            WriteRule(json, rule);
        if (names.Length > 0)
            WritePassed(json, block, row, names);
        if (Query.MaxExplanations > 0 && block.Answers is null)
            WriteExplanations(json, block, row);
        json.WriteEndObject();
    }

    private void WriteValue(Utf8JsonWriter json, double value, int label)
    {
        json.WriteStartObject();
        json.WriteNumber(Value, Rounded(value));
        json.WriteNumber(Label, label);
        json.WriteEndObject();
    }

    /// <summary>Text, a transformed row, a point: whatever the model gave.</summary>
    private static void WriteAnswer(Utf8JsonWriter json, string answer)
    {
        json.WritePropertyName(Prediction);
        json.WriteRawValue(answer, skipInputValidation: true);
    }

    private void WritePrediction(Utf8JsonWriter json, ReadOnlySpan<double> outputs, Verdict verdict)
    {
        if (verdict.Rule?.Action == HumilityAction.Refuse)
            json.WriteNull(Prediction);
        else if (verdict.Rule is { Action: HumilityAction.Override } instead)
            WriteOverride(json, instead.Override!);
        else if (Model.IsRegression)
            json.WriteNumber(Prediction, Rounded(outputs[0]));
        else if (Model.IsBinary)
            json.WriteNumber(Prediction, Decide(outputs));
        else
            json.WriteString(Prediction, _labels[Decide(outputs)]);
    }

    private void WriteOverride(Utf8JsonWriter json, string instead)
    {
        if (Model.IsBinary && Model.Header.Classes.Contains(instead))
            json.WriteNumber(Prediction, Model.Header.Classes[1] == instead ? 1 : 0);
        else if (Model.IsRegression && IsNumber(instead, out var number))
            json.WriteNumber(Prediction, number);
        else
            json.WriteString(Prediction, instead);
    }

    private static void WriteRule(Utf8JsonWriter json, HumilityRule rule)
    {
        json.WriteStartObject("humility"u8);
        json.WriteString("rule"u8, rule.Name);
        json.WriteString("trigger"u8, JsonNamingPolicy.CamelCase.ConvertName(rule.Trigger.ToString()));
        json.WriteString("action"u8, JsonNamingPolicy.CamelCase.ConvertName(rule.Action.ToString()));
        json.WriteEndObject();
    }

    private void WritePassed(Utf8JsonWriter json, RowBlock block, int row, JsonEncodedText[] names)
    {
        json.WriteStartObject("passthroughValues"u8);
        if (Query.Passthrough.All)
        {
            foreach (var cell in block.CellsOf(row))
                WriteCell(json, names[cell.Column], cell, block.TextOf(cell));
        }
        else
        {
            foreach (var column in Passed)
            {
                var cell = block.CellOf(row, column);
                WriteCell(json, names[column], cell, block.TextOf(cell));
            }
        }
        json.WriteEndObject();
    }

    private static void WriteCell(Utf8JsonWriter json, JsonEncodedText name, KeptCell cell, ReadOnlySpan<byte> text)
    {
        json.WritePropertyName(name);
        switch (cell.Kind)
        {
            case CellKind.Missing:
                json.WriteNullValue();
                break;
            case CellKind.Text or CellKind.Untyped:
                json.WriteStringValue(text);
                break;
            case CellKind.Number or CellKind.Truth:
                json.WriteRawValue(text, skipInputValidation: true);
                break;
        }
    }

    private void WriteExplanations(Utf8JsonWriter json, RowBlock block, int row)
    {
        json.WriteStartArray("predictionExplanations"u8);
        if (IsExplained(block.OutputsOf(row)))
        {
            foreach (var explanation in RowExplanations.Of(block, row, Query.MaxExplanations))
            {
                json.WriteStartObject();
                json.WriteString("feature"u8, explanation.Feature);
                json.WriteNumber("strength"u8, explanation.Strength);
                json.WriteString("qualitativeStrength"u8, explanation.Sign);
                if (Model.IsBinary)
                    json.WriteNumber(Label, 1);
                else
                    json.WriteString(Label, _labels[Model.IsRegression ? 0 : Decide(block.OutputsOf(row))]);
                json.WriteEndObject();
            }
        }
        json.WriteEndArray();
    }
}
