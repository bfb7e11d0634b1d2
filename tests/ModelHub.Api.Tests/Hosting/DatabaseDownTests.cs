using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using ModelHub.Infrastructure.Postgres;
using ModelHub.Tests.Shared;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>A hub whose PostgreSQL is stopped and started again (P1, P10): what is deployed goes on scoring, the rest says that it cannot, and comes back by itself.</summary>
public sealed class DatabaseDownTests : IAsyncLifetime
{
    private readonly string _folder = PostgresServer.NewFolder();
    private PrivateCluster? _cluster;
    private RunningHub? _hub;

    public async Task InitializeAsync()
    {
        _cluster = await StartAsync();
        _hub = new RunningHub { ConnectionString = _cluster.ConnectionString };
        await _hub.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await _hub!.DisposeAsync();
        await _cluster!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Without_its_database_the_hub_scores_what_it_knows_and_recovers_by_itself()
    {
        var made = await Leaderboards.TrainAsync(_hub!, "binary");
        var known = await Leaderboards.DeployAsync(_hub!, made.BestId);
        var wanted = await ScoreAsync(known);
        var unknown = await Leaderboards.DeployAsync(_hub!, made.OtherId);
        await _cluster!.DisposeAsync();

        for (var i = 0; i < 50; i++)
            Assert.Equal(wanted, await ScoreAsync(known));
        await ScoreAsync(unknown); // deploying it loaded it
        foreach (var path in new[] { "/api/projects", "/api/deployments", "/api/v2/customModels/", "/health/ready" })
        {
            using var answer = await _hub!.Client.GetAsync(path);
            Assert.Equal((path, HttpStatusCode.ServiceUnavailable), (path, answer.StatusCode));
            Assert.NotNull(answer.Headers.RetryAfter);
        }
        using (var stranger = await _hub!.ClientOf("a-key-that-nobody-has-seen").PostAsync($"/deployments/{known}/predictions", Rows()))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, stranger.StatusCode);
        foreach (var path in new[] { "/health/live", "/swagger/hub/swagger.json" })
            Assert.Equal(HttpStatusCode.OK, (await _hub.Client.GetAsync(path)).StatusCode);

        _cluster = await StartAsync();
        for (HttpStatusCode ready = default; ready != HttpStatusCode.OK; await Task.Delay(50))
            ready = (await _hub.Client.GetAsync("/health/ready")).StatusCode;
        Assert.Equal(wanted, await ScoreAsync(known));
        await _hub.Client.PostAsJsonAsync("/api/projects", new { name = "afterwards" }).JsonAsync(201);

        StringContent Rows() => new(made.Csv(3), Encoding.UTF8, "text/csv");

        async Task<string> ScoreAsync(string deployment) =>
            (await _hub!.Client.PostAsync($"/deployments/{deployment}/predictions", Rows()).JsonAsync()).GetProperty("data").GetRawText();
    }

    private Task<PrivateCluster> StartAsync() => PrivateCluster.StartOrJoinAsync(
        _folder, ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off"], NullLogger.Instance, default);
}
