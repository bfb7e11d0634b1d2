using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Api.Tests.CustomModels;
using ModelHub.Tests.Shared;
using Npgsql;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>
/// R1: some rounds of everything. Alone, for what is counted is the whole process's. Memory is DeploymentMemoryTests': here it is mostly buffers that the
/// pool's threads keep until they end, some twenty seconds later.
/// </summary>
[Collection("alone")]
public sealed class SoakTests(RunningHub hub)
{
    private const int Rounds = 3;
    private const int Clients = 8;

    [Fact]
    public async Task A_mixed_load_leaves_threads_handles_files_and_connections_as_they_were()
    {
        var (temporary, usual) = (PostgresServer.NewFolder(), Environment.GetEnvironmentVariable("TMPDIR"));
        Environment.SetEnvironmentVariable("TMPDIR", temporary); // what others leave in the usual folder is not ours to count
        try
        {
            await RoundAsync(); // what is opened once and kept is no leak
            var before = await SettledAsync(most: null);
            for (var round = 0; round < Rounds; round++)
                await RoundAsync();
            await SettledAsync(before);
            Assert.Empty(Directory.GetFileSystemEntries(temporary));
            Assert.Empty(Directory.GetFiles(Path.Combine(hub.Folder, "artifacts", "tmp")));
        }
        finally
        {
            Environment.SetEnvironmentVariable("TMPDIR", usual);
            Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Uploads, trains, deploys, scores well and badly, breaks off, replaces and deletes.</summary>
    private async Task RoundAsync()
    {
        var made = await Leaderboards.TrainAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var path = $"/deployments/{id}/predictions";
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = Clients }, async (i, stop) =>
        {
            switch (i % 20)
            {
                case 0:
                    await BreakOffAsync(path, made);
                    break;
                case 1:
                    await hub.Client.PostAsync(path, Csv("x,colour\n1\n"), stop).JsonAsync(400);
                    break;
                case 2:
                    await hub.Client.PostAsync($"/api/models/{made.OtherId}/predict/batch", Csv(made.Csv(2_000)), stop).JsonAsync();
                    break;
                case 3:
                    await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact", stop);
                    break;
                default:
                    await hub.Client.PostAsync(path, Csv(made.Csv(5)), stop).JsonAsync();
                    break;
            }
        });
        await hub.Client.PatchAsJsonAsync($"/api/deployments/{id}", new { model_id = made.OtherId, reason = "soak" }).JsonAsync();
        var job = await hub.Client.PostAsync($"/api/models/{made.BestId}/predict/batch/jobs?output=csv", Csv(made.Csv(500))).JsonAsync(202);
        var batch = job.GetProperty("batch_prediction").GetProperty("id").GetString();
        await HubSteps.SettledAsync(async () => (await hub.Client.GetAsync($"/api/batch-predictions/{batch}").JsonAsync()).GetProperty("batch_prediction"));
        await hub.EndAsync(null);
        await hub.Client.DeleteAsync($"/api/deployments/{id}").JsonAsync();
        await hub.Client.DeleteAsync($"/api/projects/{made.ProjectId}").JsonAsync();
    }

    private static StringContent Csv(string text) => new(text, Encoding.UTF8, "text/csv");

    private async Task BreakOffAsync(string path, Leaderboard made)
    {
        using var client = new TcpClient { LingerState = new LingerOption(enable: true, seconds: 0) };
        await client.ConnectAsync(hub.Client.BaseAddress!.Host, hub.Client.BaseAddress.Port);
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: text/csv\r\nContent-Length: 1000000\r\n\r\n{made.Csv(2_000)}"));
    }

    /// <summary>What the process holds once it has come down to this (and some, for what threads and pools do by themselves).</summary>
    private async Task<Held> SettledAsync(Held? most)
    {
        for (var i = 0; ; i++)
        {
            var now = await HeldAsync();
            if (most is null || now.Threads <= most.Threads + Clients && now.Handles <= most.Handles + 2 * Clients && now.Connections <= most.Connections + Clients)
                return now;
            Assert.True(i < 600, $"It stays at {now}; it was {most}.");
            await Task.Delay(100);
        }
    }

    private async Task<Held> HeldAsync()
    {
        await using var command = hub.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("select count(*) from pg_stat_activity where datname = current_database()");
        var connections = (long)(await command.ExecuteScalarAsync())!;
        return new Held(Directory.GetDirectories("/proc/self/task").Length, Directory.GetFileSystemEntries("/proc/self/fd").Length, connections);
    }

    private sealed record Held(int Threads, int Handles, long Connections);
}
