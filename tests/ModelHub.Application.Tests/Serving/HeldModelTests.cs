using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Deployments;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Infrastructure.Storage;
using ModelHub.Tests.Shared;
using Npgsql;

namespace ModelHub.Application.Tests.Serving;

/// <summary>Models with a process of their own behind deployments: stopped when nobody needs them, and not before.</summary>
public sealed class HeldModelTests : IAsyncLifetime
{
    private static readonly Table Row = new([new NumericColumn("a", ColumnKind.Numeric, [1])], 1);
    private readonly Runners _source = new();
    private readonly ChangeFeed _changes = new();
    private readonly Clock _clock = new();
    private TestDatabase? _database;
    private NpgsqlDataSource? _postgres;
    private ServiceProvider? _services;
    private ModelCache? _models;
    private DeploymentCache? _deployments;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateAsync();
        _postgres = NpgsqlDataSource.Create(_database.ConnectionString);
        _services = new ServiceCollection().AddDbContext<HubDbContext>(db => HubDatabase.Configure(db, _postgres)).BuildServiceProvider();
        _models = new ModelCache([_source], _clock, _changes) { MostBytes = 2 * Runners.Size };
        _deployments = new DeploymentCache(_services.GetRequiredService<IServiceScopeFactory>(), _models, _clock, _changes);
    }

    public async Task DisposeAsync()
    {
        await _services!.DisposeAsync();
        await _postgres!.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task A_deployments_model_goes_on_answering_when_changes_may_have_been_missed()
    {
        var id = (await DeployAsync(1))[0];
        var before = await _deployments!.GetAsync(id, default);
        _changes.Publish(Notifications.Serving, "");
        // It answers while the deployment is read again; the process that takes its place is the one that is kept.
        Assert.Equal((double[])[7], await before.Champion.PredictAsync(Row, default));
        var after = await _deployments.RefreshAsync(id, default);
        Assert.Equal((double[])[7], await after.Champion.PredictAsync(Row, default));
        await _source.Started[0].Stopped.Task;
        Assert.False(((Runner)after.Champion.Runner!).Stopped.Task.IsCompleted);
    }

    [Fact]
    public async Task A_deployments_model_stays_when_the_database_is_away()
    {
        var id = (await DeployAsync(1))[0];
        var served = await _deployments!.GetAsync(id, default);
        await using (var scope = _services!.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<HubDbContext>().Database.ExecuteSqlRawAsync("alter table deployments rename to away");
        _changes.Publish(Notifications.Serving, "");
        await Assert.ThrowsAnyAsync<Exception>(() => _deployments.RefreshAsync(id, default));
        Assert.Same(served, await _deployments.GetAsync(id, default));
        Assert.False(_source.Started[0].Stopped.Task.IsCompleted);
    }

    [Fact]
    public async Task Room_is_made_among_models_that_no_deployment_holds_and_then_among_idle_deployments()
    {
        var ids = await DeployAsync(3);
        var first = (await _deployments!.GetAsync(ids[0], default)).Champion;
        await _models!.GetAsync(Guid.NewGuid(), default);
        await _models.GetAsync(Guid.NewGuid(), default);
        Assert.Equal(3, _source.Started.Count);
        await _source.Started[1].Stopped.Task;

        // Two are deployed, in use, and as large as all may be: none of them is stopped for a third.
        _ = await _deployments.GetAsync(ids[1], default);
        _ = await _deployments.GetAsync(ids[2], default);
        Assert.True(_deployments.Holds(ids[0]) && _deployments.Holds(ids[1]) && _deployments.Holds(ids[2]));
        Assert.Equal((double[])[7], await first.PredictAsync(Row, default));

        // After a while without requests the one longest unused leaves.
        _clock.Now += TimeSpan.FromMinutes(1);
        _ = await _deployments.GetAsync(ids[1], default);
        _ = await _deployments.GetAsync(ids[2], default);
        await _models.GetAsync(Guid.NewGuid(), default);
        Assert.False(_deployments.Holds(ids[0]));
        Assert.True(_deployments.Holds(ids[1]) && _deployments.Holds(ids[2]));
        await ((Runner)first.Runner!).Stopped.Task;
    }

    [Fact]
    public async Task What_is_dropped_while_it_starts_is_stopped_once_it_has_started()
    {
        _source.Gate = new TaskCompletionSource();
        var id = Guid.NewGuid();
        var coming = _models!.GetAsync(id, default).AsTask();
        _changes.Publish(Notifications.Serving, id.ToString());
        _source.Gate.SetResult();
        await ((Runner)(await coming).Runner!).Stopped.Task;
    }

    /// <summary>Deployments of a model each.</summary>
    private async Task<List<Guid>> DeployAsync(int count)
    {
        await using var scope = _services!.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        var user = new User("owner", "owner@example.test", false, _clock.Now);
        var project = new Project("p", null, user.Id, _clock.Now);
        var deployments = Enumerable.Range(0, count).Select(i => new Deployment(project.Id, "d" + i, Guid.NewGuid(), DeploymentStage.Production, user.Id, _clock.Now)).ToList();
        db.AddRange([user, project, .. deployments]);
        await db.SaveChangesAsync();
        return [.. deployments.Select(d => d.Id)];
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class Runners : IModelSource
    {
        public const long Size = 1000;

        public List<Runner> Started { get; } = [];

        public TaskCompletionSource? Gate { get; set; }

        public async Task<LoadedModel?> LoadAsync(Guid id, CancellationToken cancellation)
        {
            if (Gate is not null)
                await Gate.Task;
            var runner = new Runner();
            lock (Started)
                Started.Add(runner);
            return new LoadedModel(id, Guid.Empty, "m", runner, Size);
        }

        public Task<ModelIdentity?> FindAsync(Guid id, CancellationToken cancellation) => Task.FromResult<ModelIdentity?>(null);
    }

    private sealed class Runner : IModelRunner
    {
        public TaskCompletionSource Stopped { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ModelHeader Header { get; } = new("test", TaskKind.Regression, "y", [], 0.5, []);

        public Task<double[]> PredictAsync(Table rows, CancellationToken cancellation)
        {
            Assert.False(Stopped.Task.IsCompleted);
            return Task.FromResult<double[]>([7]);
        }

        public ValueTask DisposeAsync()
        {
            Stopped.SetResult();
            return ValueTask.CompletedTask;
        }
    }
}
