using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.Registry;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>What a project may store, in a hub with a small bound.</summary>
public sealed class QuotaTests : IAsyncLifetime
{
    private const int Rows = 5_000;
    private readonly RunningHub _hub = new() { ProjectBytes = 200_000 };

    public Task InitializeAsync() => _hub.InitializeAsync();

    public Task DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Of_many_uploads_at_once_no_more_are_taken_than_there_is_room_for()
    {
        var (full, other) = (await ProjectAsync(), await ProjectAsync());
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => UploadAsync(full, i)));
        var taken = answers.Where(a => a.StatusCode == HttpStatusCode.Created).ToList();
        var refused = answers.Where(a => a.StatusCode == HttpStatusCode.RequestEntityTooLarge).ToList();
        Assert.Equal(50, taken.Count + refused.Count);
        Assert.Equal("quota_exceeded", (await refused[0].Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());

        // One size after the other: as many as fit, and not one more.
        var kept = (await _hub.Client.GetFromJsonAsync<JsonElement>($"/api/datasets?project_id={full}&limit=100")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(taken.Count, kept.Count);
        var stored = new DirectoryInfo(_hub.Folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.Name.Length == 62).Min(f => f.Length);
        Assert.InRange(taken.Count, 1, (int)(_hub.ProjectBytes / stored));

        // The same bytes take no room twice; files of models are refused as well; who has room is not concerned.
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await UploadAsync(full, 51)).StatusCode);
        var workspace = await Uploads.WorkspaceAsync(_hub, full);
        using (var model = await Uploads.PostAsync(_hub, workspace, new byte[150_000], "model.onnx"))
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, model.StatusCode);
            Assert.Contains("may store", await model.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.Created, (await UploadAsync(other, 52)).StatusCode);

        // What is deleted makes room.
        await _hub.Client.DeleteAsync($"/api/datasets/{kept[0].GetProperty("id").GetString()}").JsonAsync();
        Assert.Equal(HttpStatusCode.Created, (await UploadAsync(full, 53)).StatusCode);
    }

    private async Task<string> ProjectAsync() =>
        (await _hub.Client.PostAsJsonAsync("/api/projects", new { name = "p" + Guid.NewGuid() }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;

    private async Task<HttpResponseMessage> UploadAsync(string project, int seed)
    {
        var random = new Random(seed);
        var csv = new StringBuilder("a,b\n");
        for (var r = 0; r < Rows; r++)
            csv.Append(random.NextDouble()).Append(',').Append(random.NextDouble()).Append('\n');
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project), "project_id" },
            { new StringContent("d" + seed), "name" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(csv.ToString())), "file", "rows.csv" },
        };
        return await _hub.Client.PostAsync("/api/datasets", form);
    }
}
