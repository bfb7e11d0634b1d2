using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Api.Tests.CustomModels;
using ModelHub.Application.Experiments;
using Npgsql;

namespace ModelHub.Api.Tests.Experiments;

/// <summary>A search is made of parts that outlive the worker that computed them.</summary>
[Collection("hub")]
public sealed class SearchPartsTests(RunningHub hub)
{
    [Fact]
    public async Task A_search_whose_worker_was_lost_ends_in_the_same_bytes()
    {
        var version = await TableAsync();
        var whole = await EndAsync(await StartAsync(version));
        var disturbed = await StartAsync(version);
        var losses = 0;
        while (losses < 2 && !await HasEndedAsync(disturbed))
        {
            // The lease is given up behind the worker's back as soon as another part is stored: what it does from then on does not count.
            losses += (await AskAsync(
                $"""
                 update jobs set lease_token = gen_random_uuid(), lease_until = now() - interval '1 second'
                 where subject_id = $1 and kind = '{TrainHandler.JobKind}' and status = 'Running' and lease_until > now()
                   and (select count(*) from search_parts p where p.experiment_id = $1 and p.artifact_sha256 is not null) > {losses}
                 returning 'lost'
                 """, disturbed)).Count;
            await Task.Delay(20);
        }
        Assert.Equal(whole, await EndAsync(disturbed));
        Assert.True(losses > 0);
        Assert.Empty(await AskAsync("select name from search_parts where experiment_id = $1", disturbed));
    }

    [Fact]
    public async Task Cancelling_keeps_what_was_trained_and_calls_off_those_who_help()
    {
        var run = await StartAsync(await TableAsync(), 60, 20);
        await HubSteps.UntilAsync(
            async () => JsonSerializer.SerializeToElement(await AskAsync("select name from search_parts where experiment_id = $1 and artifact_sha256 is not null", run)),
            parts => parts.GetArrayLength() >= 4);
        (await hub.Client.PostAsync($"/api/experiments/{run}/cancel", null)).EnsureSuccessStatusCode();
        await EndAsync(run, "cancelled");
        Assert.Empty(await AskAsync("select kind from jobs where subject_id = $1 and status = 'Queued'", run));
    }

    private async Task<string> TableAsync()
    {
        var project = (await hub.Client.PostAsJsonAsync("/api/projects", new { name = "parts " + Guid.NewGuid() }).JsonAsync(201)).GetProperty("project");
        var csv = new StringBuilder("x,colour,label\n");
        for (var i = 0; i < 900; i++)
            csv.Append(CultureInfo.InvariantCulture, $"{4 * Math.Sin(i * 12.9898):R},{(i % 3 == 0 ? "red" : "blue")},{(Math.Sin(i * 12.9898) + Math.Cos(i * 7.1) > 0.1 ? "yes" : "no")}\n");
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project.GetProperty("id").GetString()!), "project_id" },
            { new StringContent("table"), "name" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(csv.ToString())), "file", "table.csv" },
        };
        return (await hub.Client.PostAsync("/api/datasets", form).JsonAsync(201)).GetProperty("dataset").GetProperty("version_id").GetString()!;
    }

    private async Task<Guid> StartAsync(string version, int models = 3, int folds = 3)
    {
        var run = await hub.Client.PostAsJsonAsync("/api/experiments", new
        {
            dataset_version_id = version, name = "run", target_column = "label", problem_type = "classification",
            config = new { nfolds = folds, max_models = models },
        }).JsonAsync(202);
        return run.GetProperty("experiment").GetProperty("id").GetGuid();
    }

    private async Task<bool> HasEndedAsync(Guid run) => (await StatusAsync(run)) is not ("queued" or "running");

    private async Task<string> StatusAsync(Guid run) =>
        (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/experiments/{run}")).GetProperty("experiment").GetProperty("status").GetString()!;

    /// <summary>Name and digest of every model, the best first.</summary>
    private async Task<List<string>> EndAsync(Guid run, string status = "succeeded")
    {
        var ended = await HubSteps.SettledAsync(async () => (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/experiments/{run}")).GetProperty("experiment"));
        Assert.Equal(status, ended.GetProperty("status").GetString());
        return await AskAsync("select name || ' ' || coalesce(artifact_sha256, failure_reason) from models where experiment_id = $1 order by name", run);
    }

    private async Task<List<string>> AskAsync(string sql, Guid run)
    {
        await using var command = hub.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        command.Parameters.AddWithValue(run);
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        return lines;
    }
}
