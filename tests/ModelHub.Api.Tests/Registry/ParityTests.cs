using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests.Registry;

/// <summary>
/// One model, trained once, by name in the automl dialect, and scored through every door there is: the same numbers to the last bit.
/// </summary>
[Collection("others models")]
public class ParityTests(RunningHub hub)
{
    private const int Rows = 40;

    [Theory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task Every_door_gives_the_same_bits(string task)
    {
        var (project, board) = await hub.TrainByNameAsync(task);
        var csv = board.Csv(Rows);
        var records = RecordsOf(csv);
        var direct = await hub.Client.PostAsJsonAsync($"/api/models/{board.BestId}/predict", new { inputs = records }).JsonAsync();
        var expected = direct.GetProperty("predictions").EnumerateArray().Select(Direct).ToList();
        Assert.Equal(Rows, expected.Count);
        await ScoresByNameAsync(project, csv, [.. direct.GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty("prediction").ToString())]);
        await MetricsByNameAsync(project, board.BestId, task);
        await ScoresAsync(board.BestId, csv, records, expected, "the trained model");

        // The same model as a file: through the custom models' door, and through the registry's.
        var artifact = await hub.Client.GetByteArrayAsync($"/api/models/{board.BestId}/artifact");
        await ScoresAsync(await AssembledAsync(artifact, expected[0].Keys, task), csv, records, expected, "the custom model");
        await ScoresAsync(await Uploads.ReadyAsync(hub, board.ProjectId, artifact, "model.modelhub"), csv, records, expected,
            "the upload");
    }

    private async Task ScoresAsync(
        string modelId, string csv, List<Dictionary<string, object?>> records, List<Dictionary<string,
            double>> expected, string what)
    {
        var model = await hub.Client.PostAsJsonAsync($"/api/models/{modelId}/predict", new { inputs = records }).JsonAsync();
        Same(expected, model.GetProperty("predictions").EnumerateArray().Select(Direct), $"{what}: Models API");
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(csv)), "file", "rows.csv" } };
        var batch = await hub.Client.PostAsync($"/api/models/{modelId}/predict/batch", form).JsonAsync();
        Same(expected, batch.GetProperty("predictions").EnumerateArray().Select(r => Batch(r, expected[0].Keys)), $"{what}: batch");
        Same(expected, await LinesAsync($"/api/models/{modelId}/predict/batch", Packed(csv), expected[0].Keys), $"{what}: batch, gzip, answered in lines");
        Same(expected, await LinesAsync($"/api/models/{modelId}/predict/batch", Lines(records), expected[0].Keys), $"{what}: batch, JSON lines");
        Same(expected, await JobAsync(modelId, csv, expected[0].Keys), $"{what}: batch as a job");
        var one = await hub.Client.PostAsJsonAsync($"/api/models/{modelId}/predict", new { inputs = records[0] }).JsonAsync();
        Same([expected[0]], one.GetProperty("predictions").EnumerateArray().Select(Direct), $"{what}: Models API, one record");

        var deployment = await Leaderboards.DeployAsync(hub, modelId);
        using var text = new StringContent(csv, Encoding.UTF8, new MediaTypeHeaderValue("text/csv"));
        var byCsv = await hub.Client.PostAsync($"/predApi/v1.0/deployments/{deployment}/predictions", text).JsonAsync();
        Same(expected, byCsv.GetProperty("data").EnumerateArray().Select(r => Served(r, expected[0].Keys)), $"{what}: prediction API, CSV");
        var byJson = await hub.Client.PostAsJsonAsync($"/deployments/{deployment}/predictions", records).JsonAsync();
        Same(expected, byJson.GetProperty("data").EnumerateArray().Select(r => Served(r, expected[0].Keys)),
            $"{what}: prediction API, JSON");
        Same(expected, await TensorsAsync(modelId, records, expected[0].Keys), $"{what}: Open Inference, the model");
        Same(expected, await TensorsAsync(deployment, records, expected[0].Keys), $"{what}: Open Inference, the deployment");
        Same(expected, await PipelineAsync(modelId, records, expected[0].Keys), $"{what}: a pipeline");
        await hub.Client.DeleteAsync($"/api/deployments/{deployment}").JsonAsync();
    }

    /// <summary>The automl dialect tells values and labels, of a file and of a collection, and no probabilities.</summary>
    private async Task ScoresByNameAsync(string project, string csv, string[] expected)
    {
        await hub.SayAsync("upload", new
        {
            project_name = project, collection_name = "more", file_format = "csv", has_field_names = true, file_data = NamedSteps.Base64(csv),
        });
        foreach (var rows in new object[]
        {
            new { project_name = project, collection_name = "rows", model_name = "m", file_format = "csv", has_field_names = true, file_data = NamedSteps.Base64(csv) },
            new { project_name = project, collection_name = "rows", model_name = "m", prediction_dataset = "more" },
        })
        {
            var scored = await hub.SayAsync("automl_predict", rows);
            Assert.Equal(expected, scored.GetProperty("predictions").EnumerateArray().Select(p => p.ToString()));
        }
    }

    /// <summary>What the model came to in training, by its name and by its id.</summary>
    private async Task MetricsByNameAsync(string project, string modelId, string task)
    {
        var named = (await hub.SayAsync("get_model_validation_metric", new { project_name = project, collection_name = "rows", model_name = "m" }))
            .GetProperty("validation_metric");
        var own = (await hub.Client.GetAsync($"/api/models/{modelId}").JsonAsync()).GetProperty("model").GetProperty("metrics");
        if (task == "regression")
            Assert.Equal(own.GetProperty("mse").GetRawText(), named.GetRawText());
        else
            Assert.All(named.EnumerateObject(), m => Assert.Equal(own.GetProperty(m.Name).GetRawText(), m.Value.GetRawText()));
    }

    private async Task<IEnumerable<Dictionary<string, double>>> LinesAsync(string path, HttpContent rows, IReadOnlyCollection<string> classes)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = rows };
        request.Headers.Accept.ParseAdd("application/x-ndjson");
        using var answer = await hub.Client.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return ReadLines(await answer.Content.ReadAsStringAsync(), classes);
    }

    private async Task<IEnumerable<Dictionary<string, double>>> JobAsync(string modelId, string csv, IReadOnlyCollection<string> classes)
    {
        using var rows = new StringContent(csv, Encoding.UTF8, "text/csv");
        var started = await hub.Client.PostAsync($"/api/models/{modelId}/predict/batch/jobs?output=ndjson", rows).JsonAsync(202);
        var id = started.GetProperty("batch_prediction").GetProperty("id").GetString();
        var done = await HubSteps.SettledAsync(
            async () => (await hub.Client.GetAsync($"/api/batch-predictions/{id}").JsonAsync()).GetProperty("batch_prediction"));
        return ReadLines(await hub.Client.GetStringAsync(done.GetProperty("result_url").GetString()), classes);
    }

    private static IEnumerable<Dictionary<string, double>> ReadLines(string lines, IReadOnlyCollection<string> classes) =>
        lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Batch(JsonSerializer.Deserialize<JsonElement>(line), classes));

    private static StringContent Lines(List<Dictionary<string, object?>> records) =>
        new(string.Concat(records.Select(r => JsonSerializer.Serialize(r) + "\n")), Encoding.UTF8, "application/x-ndjson");

    private static ByteArrayContent Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return new ByteArrayContent(packed.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv"), ContentEncoding = { "gzip" } } };
    }

    private async Task<IEnumerable<Dictionary<string, double>>> TensorsAsync(
        string name, List<Dictionary<string, object?>> records, IReadOnlyCollection<string> classes)
    {
        var inputs = records[0].Keys.Select(column => new
        {
            name = column, shape = new[] { records.Count, 1 }, datatype = records.All(r => r[column] is double or null) ? "FP64" : "BYTES",
            data = records.Select(r => r[column]),
        });
        var answer = await hub.Client.PostAsJsonAsync($"/v2/models/{name}/infer", new { inputs }).JsonAsync();
        var outputs = answer.GetProperty("outputs").EnumerateArray().ToDictionary(o => o.GetProperty("name").GetString()!);
        var numbers = outputs[classes.Contains("") ? "prediction" : "probabilities"].GetProperty("data").EnumerateArray()
            .Select(v => v.GetDouble());
        return numbers.Chunk(classes.Count).Select(row => classes.Zip(row).ToDictionary(p => p.First, p => p.Second));
    }

    /// <summary>Deployed by its numbers through the registry, asked with records.</summary>
    private async Task<IEnumerable<Dictionary<string, double>>> PipelineAsync(
        string modelId, List<Dictionary<string, object?>> records, IReadOnlyCollection<string> classes)
    {
        var (url, pipeline) = await Uploads.PipelineAsync(hub, modelId);
        var rows = (await hub.Client.PostAsJsonAsync(url, records).JsonAsync()).EnumerateArray().Select(r => r.GetProperty("out")).ToList();
        await hub.Client.PostAsJsonAsync("/v1/api/pipelines/undeploy", new { pipeline_id = pipeline }).JsonAsync();
        return rows.Select(o => classes.Contains("")
            ? new Dictionary<string, double> { [""] = o.GetProperty("prediction").GetDouble() }
            : classes.Zip(o.GetProperty("probabilities").EnumerateArray()).ToDictionary(p => p.First, p => p.Second.GetDouble()));
    }

    private async Task<string> AssembledAsync(byte[] artifact, IReadOnlyCollection<string> classes, string task)
    {
        var type = task switch { "binary" => "Binary", "multiclass" => "Multiclass", _ => "Regression" };
        var model = await hub.Client.PostAsJsonAsync("/api/v2/customModels/", new
        {
            name = "m" + Guid.NewGuid(), customModelType = "inference", targetType = type, targetName = "target",
            positiveClassLabel = task == "binary" ? classes.Last() : null, negativeClassLabel = task == "binary" ? classes.First() : null,
            classLabels = task == "multiclass" ? classes : null,
        }).JsonAsync(201);
        var environment = (await hub.Client.GetAsync("/api/v2/executionEnvironments/").JsonAsync()).GetProperty("data")[0]
            .GetProperty("id").GetString()!;
        using var form = new MultipartFormDataContent
        {
            { new StringContent("true"), "isMajorUpdate" },
            { new StringContent(environment), "baseEnvironmentId" },
            { new ByteArrayContent(artifact), "file", "model.modelhub" },
        };
        var version = await hub.Client.PostAsync($"/api/v2/customModels/{model.GetProperty("id").GetString()}/versions/", form)
            .JsonAsync(201);
        return version.GetProperty("id").GetString()!;
    }

    private static Dictionary<string, double> Direct(JsonElement row) => row.TryGetProperty("probabilities", out var shares)
        && shares.ValueKind == JsonValueKind.Object
        ? shares.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble())
        : new Dictionary<string, double> { [""] = row.GetProperty("prediction").GetDouble() };

    private static Dictionary<string, double> Batch(JsonElement row, IReadOnlyCollection<string> classes) => classes.Contains("")
        ? new Dictionary<string, double> { [""] = row.GetProperty("pred_predict").GetDouble() }
        : classes.ToDictionary(c => c, c => row.GetProperty("prob_" + c).GetDouble());

    /// <summary>Binary labels are 1 and 0 in this API.</summary>
    private static Dictionary<string, double> Served(JsonElement row, IReadOnlyCollection<string> classes)
    {
        var values = row.GetProperty("predictionValues").EnumerateArray().ToList();
        if (classes.Contains(""))
            return new Dictionary<string, double> { [""] = values[0].GetProperty("value").GetDouble() };
        return values.ToDictionary(
            v => v.GetProperty("label") is { ValueKind: JsonValueKind.Number } number ? classes.ElementAt(number.GetInt32())
                : v.GetProperty("label").GetString()!,
            v => v.GetProperty("value").GetDouble());
    }

    private static void Same(List<Dictionary<string, double>> expected, IEnumerable<Dictionary<string, double>> found, string door)
    {
        var rows = found.ToList();
        Assert.True(expected.Count == rows.Count, $"{door}: {rows.Count} rows of {expected.Count}");
        for (var r = 0; r < rows.Count; r++)
        {
            foreach (var (name, value) in expected[r])
                Assert.True(BitConverter.DoubleToInt64Bits(value) == BitConverter.DoubleToInt64Bits(rows[r][name]),
                    $"{door}, row {r}, '{name}': {value:R} is {rows[r][name]:R}");
        }
    }

    /// <summary>The rows of <see cref="Leaderboards"/> as records: cells in quotes have no line breaks.</summary>
    private static List<Dictionary<string, object?>> RecordsOf(string csv)
    {
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var names = lines[0].Split(',');
        return [.. lines.Skip(1).Select(line => names.Zip(Cells(line)).ToDictionary(p => p.First, p => Value(p.Second)))];
    }

    private static object? Value(string cell) => cell.Length == 0 ? null
        : double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : cell;

    private static List<string> Cells(string line)
    {
        var (cells, cell, quoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                cell.Append(line[i++]);
            else if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == ',' && !quoted)
                (_, cell) = (Add(cells, cell), new StringBuilder());
            else
                cell.Append(line[i]);
        }
        Add(cells, cell);
        return cells;
    }

    private static bool Add(List<string> cells, StringBuilder cell)
    {
        cells.Add(cell.ToString());
        return true;
    }
}
