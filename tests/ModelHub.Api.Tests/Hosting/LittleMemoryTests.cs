using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using ModelHub.Tests.Shared;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>R3: a hub with its database in 512 MB, and everything at once. Alone, for it takes all processors.</summary>
[Collection("alone")]
public sealed class LittleMemoryTests : IDisposable
{
    private static readonly byte[] Long = Encoding.UTF8.GetBytes(Table(500_000));
    private readonly string _data = PostgresServer.NewFolder();

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [MemoryGroupFact]
    public async Task Everything_at_once_is_served_or_put_off()
    {
        using var group = new MemoryGroup(512 << 20);
        using var process = new HubProcess(["up", "--port", "0", "--data", _data], group: group);
        using var client = new HttpClient { BaseAddress = new Uri(await process.UrlAsync()), Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(_data, "first-key"))).Trim());
        var project = (await client.PostAsJsonAsync("/api/projects", new { name = "little" }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
        var data = (await UploadAsync(client, project, Encoding.UTF8.GetBytes(Table(20_000))).JsonAsync(201)).GetProperty("dataset").GetProperty("version_id").GetString()!;
        var model = await TrainedAsync(client, data, "first");

        var answers = new ConcurrentBag<HttpStatusCode>();
        using var over = new CancellationTokenSource();
        Task Again(Func<Task<HttpResponseMessage>> act) => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                using var answer = await act();
                await answer.Content.CopyToAsync(Stream.Null); // where it breaks off, this throws
                answers.Add(answer.StatusCode);
            }
        });
        Task<HttpResponseMessage> Row() => client.PostAsJsonAsync($"/api/models/{model}/predict", new { inputs = new { a = 1.5, b = "x" } });
        Task[] all =
        [
            .. Enumerable.Range(0, 4).Select(_ => Again(Row)),
            .. Enumerable.Range(0, 2).Select(_ => Again(() => UploadAsync(client, project, Long))),
        ];
        for (var i = 0; answers.Count < 50 && !all.Any(t => t.IsFaulted); i++)
            await TrainedAsync(client, data, "beside " + i);
        await over.CancelAsync();
        await Task.WhenAll(all);

        Assert.All(answers, a => Assert.True((int)a is (>= 200 and < 300) or 429 or 503, a.ToString()));
        Assert.Equal(HttpStatusCode.OK, (await Row()).StatusCode);
        Assert.Equal(0, await process.StopAsync());
    }

    private static string Table(int rows) => "a,b,y\n" + string.Concat(Enumerable.Range(0, rows).Select(i => $"{i * 7919 % 1009},{"xyz"[i % 3]},{i * 7919 % 1009 * 0.5 + i % 3}\n"));

    private static async Task<HttpResponseMessage> UploadAsync(HttpClient client, string project, byte[] table)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project), "project_id" }, { new StringContent("t" + Guid.NewGuid().ToString("N")), "name" },
            { new ByteArrayContent(table), "file", "t.csv" },
        };
        return await client.PostAsync("/api/datasets", form);
    }

    /// <summary>The best model of a small search, once it is done.</summary>
    private static async Task<string> TrainedAsync(HttpClient client, string version, string name)
    {
        var wanted = new { dataset_version_id = version, name, target_column = "y", config = new { max_models = 1, nfolds = 2 } };
        var run = (await client.PostAsJsonAsync("/api/experiments", wanted).JsonAsync(202)).GetProperty("experiment").GetProperty("id").GetString();
        var done = await CustomModels.HubSteps.SettledAsync(async () => (await client.GetAsync($"/api/experiments/{run}").JsonAsync()).GetProperty("experiment"));
        Assert.Equal("succeeded", done.GetProperty("status").GetString());
        return done.GetProperty("best_model_id").GetString()!;
    }
}
