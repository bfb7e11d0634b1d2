using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Registry;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;

namespace ModelHub.Api.Tests.Registry;

/// <summary>An ONNX file of nothing but trees is scored and explained as a file of trees is, with no library at all.</summary>
[Collection("others models")]
public sealed class OnnxFileTests(RunningHub hub)
{
    [Fact]
    public async Task It_is_scored_and_explained_exactly()
    {
        var project = (await hub.Client.PostAsJsonAsync("/api/projects", new { name = "trees " + Guid.NewGuid() }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
        // b <= 3 or missing: -1, else 2; as many rows on both sides.
        var version = await Uploads.ReadyAsync(hub, project, BrokenFileTests.Onnx(), "model.onnx");
        var inputs = new[] { new { a = 1, b = (double?)3 }, new { a = 6, b = (double?)3.0000002 }, new { a = 6, b = (double?)null } };
        var scored = (await hub.Client.PostAsJsonAsync($"/api/models/{version}/predict", new { inputs }).JsonAsync()).GetProperty("predictions");
        Assert.Equal(
            new[] { -1.0, 2, -1 }.Select(s => 1 / (1 + Math.Exp(-s))),
            scored.EnumerateArray().Select(p => p.GetProperty("probabilities").GetProperty("1").GetDouble()), (a, b) => Math.Abs(a - b) < 1e-12);
        var rows = await hub.Client.PostAsJsonAsync($"/api/models/{version}/explain/rows", new { inputs }).JsonAsync();
        Assert.Equal("log_odds", rows.GetProperty("contribution_space").GetString());
        var second = rows.GetProperty("rows")[1].GetProperty("explanations")[0];
        Assert.Equal(0.5, second.GetProperty("bias").GetDouble(), 12);
        Assert.Equal(("b", 1.5), (second.GetProperty("contributions")[0].GetProperty("feature").GetString(), second.GetProperty("contributions")[0].GetProperty("value").GetDouble()));
    }

    [Fact]
    public async Task What_it_is_said_to_predict_gives_its_classes_their_names()
    {
        var store = hub.Services.GetRequiredService<IArtifactStore>();
        var file = await store.PutAsync(async (stream, stop) => await stream.WriteAsync(BrokenFileTests.Onnx(), stop), CancellationToken.None);
        var files = new ModelFiles(store, []);
        Task<OpenedModel> Open(ModelTarget? target, bool isHint) => files.OpenAsync(file.Sha256, target, isHint, isNew: true, CancellationToken.None);

        Assert.Equal(["0", "1"], (await Open(null, isHint: false)).Header.Classes);
        // In the order in which they are given, as for a graph that is run: the first is the first column of its probabilities.
        var named = await Open(new ModelTarget(TaskKind.Binary, "sick", ["1", "0"], 0.25), isHint: false);
        Assert.Equal(("onnx", "sick", 0.25), (named.Runtime, named.Header.Target, named.Header.Threshold));
        Assert.Equal(["1", "0"], named.Header.Classes);
        Assert.Null(named.Runner);
        // Aims that it does not fit: of no matter as a hint, else for the library to say.
        var three = new ModelTarget(TaskKind.Multiclass, "kind", ["x", "y", "z"]);
        Assert.Equal(["0", "1"], (await Open(three, isHint: true)).Header.Classes);
        Assert.Equal("natives_missing", (await Assert.ThrowsAsync<ModelHubException>(() => Open(three, isHint: false))).Code);
    }
}
