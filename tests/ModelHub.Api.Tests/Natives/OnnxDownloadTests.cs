using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Infrastructure.Natives;

namespace ModelHub.Api.Tests.Natives;

/// <summary>The ONNX file of a trained model, with its largest difference.</summary>
[Collection("others models")]
public sealed class OnnxDownloadTests(RunningHub hub)
{
    [NativeTheory]
    [InlineData("binary", TaskKind.Binary)]
    [InlineData("multiclass", TaskKind.Multiclass)]
    [InlineData("regression", TaskKind.Regression)]
    public async Task It_predicts_what_the_hub_predicts_and_says_how_closely(string task, TaskKind kind)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        using var answer = await hub.Client.GetAsync($"/api/models/{made.BestId}/artifact/onnx");
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        Assert.EndsWith(".onnx", answer.Content.Headers.ContentDisposition!.FileName!.Trim('"'), StringComparison.Ordinal);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        var largest = double.Parse(answer.Headers.GetValues("X-Largest-Difference").Single(), CultureInfo.InvariantCulture);
        Assert.InRange(largest, 1e-12, 2e-5);
        Assert.Equal("240", answer.Headers.GetValues("X-Compared-Rows").Single());

        var inputs = new[] { new { x = 0.5, colour = (string?)"red", note = "note 2", z = (double?)0.25 }, new { x = -2.0, colour = (string?)null, note = "never seen", z = (double?)null } };
        var wanted = await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs }).JsonAsync();
        string[] classes = task == "regression" ? [] : [.. wanted.GetProperty("predictions")[0].GetProperty("probabilities").EnumerateObject().Select(p => p.Name)];
        await using var runner = new OnnxRuntime(NativeLibraries.Of("")).Load(bytes, new ModelTarget(kind, "target", classes));
        var theirs = await runner.PredictAsync(
            new Table(
                [
                    new NumericColumn("x", ColumnKind.Numeric, [.. inputs.Select(i => i.x)]),
                    new TextColumn("colour", ColumnKind.Category, [.. inputs.Select(i => i.colour)]),
                    new TextColumn("note", ColumnKind.Category, [.. inputs.Select(i => i.note)]),
                    new NumericColumn("z", ColumnKind.Numeric, [.. inputs.Select(i => i.z ?? double.NaN)]),
                ],
                2),
            CancellationToken.None);
        var ours = wanted.GetProperty("predictions").EnumerateArray().SelectMany(p => task == "regression"
            ? [p.GetProperty("prediction").GetDouble()] : p.GetProperty("probabilities").EnumerateObject().Select(c => c.Value.GetDouble()).ToArray()).ToArray();
        for (var i = 0; i < ours.Length; i++)
            Assert.Equal(ours[i], theirs[i], 2e-5);

        var parity = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/models/{made.BestId}/artifact/onnx/parity");
        Assert.Equal((largest, 240, "folds", bytes.Length), (parity.GetProperty("largest_difference").GetDouble(), parity.GetProperty("rows").GetInt32(),
            parity.GetProperty("over").GetString(), parity.GetProperty("size_bytes").GetInt32()));
        Assert.Equal(bytes, await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact/onnx"));
    }

    [NativeFact]
    public async Task Nobody_else_gets_it()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        using var stranger = await hub.NewUserAsync();
        Assert.Equal(404, (int)(await stranger.GetAsync($"/api/models/{made.BestId}/artifact/onnx")).StatusCode);
        Assert.Equal(404, (int)(await hub.Client.GetAsync($"/api/models/{Guid.NewGuid()}/artifact/onnx/parity")).StatusCode);
    }
}
