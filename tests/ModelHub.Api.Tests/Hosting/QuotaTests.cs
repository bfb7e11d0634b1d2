using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.Registry;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>What a project may store and what one body may hold, in a hub with small bounds.</summary>
public sealed class QuotaTests : IAsyncLifetime
{
    private const int Rows = 5_000;
    private readonly RunningHub _hub = new() { ProjectBytes = 200_000, LargestBody = 1 << 20 };

    public Task InitializeAsync() => _hub.InitializeAsync();

    public Task DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Of_many_uploads_at_once_no_more_are_taken_than_there_is_room_for()
    {
        var (full, empty) = (await ProjectAsync(), await ProjectAsync());
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => UploadAsync(full, i)));
        var taken = answers.Where(a => a.StatusCode == HttpStatusCode.Created).ToList();
        var refused = answers.Where(a => a.StatusCode == HttpStatusCode.RequestEntityTooLarge).ToList();
        foreach (var other in answers.Except(taken).Except(refused))
            Assert.Fail($"{(int)other.StatusCode} {await other.Content.ReadAsStringAsync()}");
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
        Assert.Equal(HttpStatusCode.Created, (await UploadAsync(empty, 52)).StatusCode);

        // What is deleted makes room.
        await _hub.Client.DeleteAsync($"/api/datasets/{kept[0].GetProperty("id").GetString()}").JsonAsync();
        Assert.Equal(HttpStatusCode.Created, (await UploadAsync(full, 53)).StatusCode);
    }

    [Theory]
    [InlineData((1 << 20) - 64, true)]
    [InlineData((1 << 20) + 1, false)]
    public async Task A_body_in_chunks_that_grows_beyond_the_bound_is_refused(int bytes, bool fits)
    {
        // U4: nothing announces its length; the bound counts the chunks' own lines as well.
        var model = (await _hub.Client.PostAsJsonAsync(
            "/api/v2/customModels/", new { name = "m", customModelType = "inference", targetType = "Regression", targetName = "y" }).JsonAsync(201)).GetProperty("id").GetString();
        const string Start = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n";
        using var socket = new TcpClient();
        await socket.ConnectAsync(_hub.Client.BaseAddress!.Host, _hub.Client.BaseAddress.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v2/customModels/{model}/versions/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RunningHub.Key}\r\nTransfer-Encoding: chunked\r\n"
            + $"Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n\r\n{bytes:x}\r\n{Start}{new string('x', bytes - Start.Length)}\r\n0\r\n\r\n"));
        using var reader = new StreamReader(socket.GetStream());
        var answer = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));

        // What fits is read to its end, and found to be a form that is cut short.
        Assert.Contains(fits ? " 400 " : " 413 ", answer, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(_hub.Folder, "artifacts", "tmp")));
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
