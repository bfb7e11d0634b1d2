using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

namespace ModelHub.Api.Tests.Models;

[Collection("hub")]
public sealed class ModelFilesTests(RunningHub hub)
{
    private static readonly Dictionary<string, object> Row = new(StringComparer.Ordinal) { ["x"] = 0.4, ["colour"] = "blue", ["note"] = "note 1", ["z"] = 0.1 };

    [Fact]
    public async Task A_model_goes_to_another_hub_with_its_lineage_and_predicts_the_same_bits()
    {
        var made = await Leaderboards.OfAsync(hub, "multiclass");
        var file = await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact");
        var manifest = await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/manifest");
        await using var elsewhere = new OtherHub();
        var other = await elsewhere.StartAsync();
        var project = (await other.PostAsJsonAsync("/api/projects", new { name = "imported" }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
        var model = (await ImportAsync(other, project, file, manifest).JsonAsync(201)).GetProperty("model");
        var id = model.GetProperty("id").GetString();
        Assert.NotEqual(made.BestId, id);
        var source = (await hub.Client.GetAsync($"/api/models/{made.BestId}").JsonAsync()).GetProperty("model");
        Assert.Equal(source.GetProperty("metrics").GetProperty("logloss").GetDouble(), model.GetProperty("metrics").GetProperty("logloss").GetDouble());
        var lineage = model.GetProperty("lineage").GetProperty("manifest");
        Assert.Equal(made.BestId, lineage.GetProperty("id").GetString());
        Assert.Equal("target", lineage.GetProperty("experiment").GetProperty("target").GetString());
        var here = await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs = Row }).JsonAsync();
        var there = await other.PostAsJsonAsync($"/api/models/{id}/predict", new { inputs = Row, options = new { include_interval = true } }).JsonAsync();
        Assert.Equal(here.GetProperty("predictions")[0].GetProperty("probabilities").GetRawText(), there.GetProperty("predictions")[0].GetProperty("probabilities").GetRawText());
        var explained = (await other.GetAsync($"/api/models/{id}/explain").JsonAsync()).GetProperty("explain");
        Assert.NotEqual(0, explained.GetProperty("variable_importance").GetArrayLength());
        Assert.Equal(1, (await other.GetAsync("/api/models").JsonAsync()).GetProperty("total").GetInt32());
        await other.PostAsJsonAsync("/api/deployments", new { name = "d", model_id = id, stage = "staging" }).JsonAsync(201);

        // And on to a third place: where it first came from is still told.
        var again = await other.GetByteArrayAsync($"/api/models/{id}/artifact");
        Assert.Equal(file, again);
        var back = (await ImportAsync(hub.Client, made.ProjectId, again, await other.GetByteArrayAsync($"/api/models/{id}/manifest")).JsonAsync(201)).GetProperty("model");
        var last = back.GetProperty("lineage").GetProperty("manifest");
        Assert.Equal(id, last.GetProperty("id").GetString());
        Assert.Equal(made.BestId, last.GetProperty("lineage").GetProperty("manifest").GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_model_goes_as_one_file()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var packed = await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/export");
        var model = (await ImportAsync(hub.Client, made.ProjectId, packed, null).JsonAsync(201)).GetProperty("model");
        Assert.Equal(made.BestId, model.GetProperty("lineage").GetProperty("manifest").GetProperty("id").GetString());
        var file = await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact");
        Assert.Equal(file, await hub.Client.GetByteArrayAsync($"/api/models/{model.GetProperty("id").GetString()}/artifact"));
        packed[packed.Length / 2] ^= 1;
        await ImportAsync(hub.Client, made.ProjectId, packed, null).JsonAsync(422);
        using var stranger = await hub.NewUserAsync();
        await stranger.GetAsync($"/api/models/{made.BestId}/export").JsonAsync(404);
    }

    [Fact]
    public async Task A_file_that_was_changed_or_belongs_elsewhere_is_refused()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var file = await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact");
        var foreign = await hub.Client.GetByteArrayAsync($"/api/models/{made.OtherId}/manifest");
        file[file.Length / 2] ^= 1;
        Assert.Contains("changed", (await ImportAsync(hub.Client, made.ProjectId, file, null).JsonAsync(422)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        file[file.Length / 2] ^= 1;
        Assert.Contains("another file", (await ImportAsync(hub.Client, made.ProjectId, file, foreign).JsonAsync(422)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        await ImportAsync(hub.Client, made.ProjectId, file, "[1]"u8.ToArray()).JsonAsync(422);
        await ImportAsync(hub.Client, made.ProjectId, file, "{"u8.ToArray()).JsonAsync(422);
        await ImportAsync(hub.Client, made.ProjectId, [], null).JsonAsync(422);
        await ImportAsync(hub.Client, Guid.NewGuid().ToString(), file, null).JsonAsync(404);
        using var other = await hub.NewUserAsync();
        await ImportAsync(other, made.ProjectId, file, null).JsonAsync(404);
        await other.GetAsync($"/api/models/{made.BestId}/manifest").JsonAsync(404);
    }

    [Theory]
    [InlineData("binary", "ROC curve")]
    [InlineData("regression", "Residuals")]
    public async Task A_report_is_one_page_that_needs_nothing_else(string task, string figure)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        using var answer = await hub.Client.GetAsync($"/api/models/{made.OtherId}/report");
        var page = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, page);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains(figure, page, StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        using var other = await hub.NewUserAsync();
        await other.GetAsync($"/api/models/{made.OtherId}/report").JsonAsync(404);
        if (!File.Exists("/usr/bin/chromium"))
            return;
        var folder = Directory.CreateTempSubdirectory("modelhub-report").FullName;
        var path = Path.Combine(folder, "report.html");
        await File.WriteAllTextAsync(path, page, Encoding.UTF8);
        // Kept beside the tests' own results, for who wants to look.
        var picture = Path.Combine(AppContext.BaseDirectory, $"report-{task}.png");
        File.Delete(picture);
        using var browser = Process.Start(new ProcessStartInfo("/usr/bin/chromium")
        {
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", $"--user-data-dir={folder}/profile",
                "--window-size=1100,2600", $"--screenshot={picture}", "file://" + path,
            },
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        await Task.WhenAll(browser.StandardOutput.ReadToEndAsync(), browser.StandardError.ReadToEndAsync(), browser.WaitForExitAsync());
        Assert.True(new FileInfo(picture).Length > 20_000);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<HttpResponseMessage> ImportAsync(HttpClient client, string project, byte[] file, byte[]? manifest)
    {
        using var form = new MultipartFormDataContent { { new StringContent(project), "project_id" } };
        if (manifest is not null)
            form.Add(Part(manifest), "manifest", "manifest.json");
        form.Add(Part(file), "file", "model.modelhub");
        return await client.PostAsync("/api/models/import", form);
    }

    private static ByteArrayContent Part(byte[] bytes)
    {
        var part = new ByteArrayContent(bytes);
        part.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return part;
    }
}
