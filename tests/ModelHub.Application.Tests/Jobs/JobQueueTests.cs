using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;
using ModelHub.Infrastructure.Jobs;
using ModelHub.Infrastructure.Storage;
using ModelHub.Tests.Shared;
using Npgsql;

namespace ModelHub.Application.Tests.Jobs;

/// <summary>Claims, leases and fences, on a real PostgreSQL; several queues stand for several processes.</summary>
public sealed class JobQueueTests : IAsyncLifetime
{
    private TestDatabase? _database;
    private NpgsqlDataSource? _source;
    private ServiceProvider? _services;
    private Guid _owner;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateAsync();
        _source = NpgsqlDataSource.Create(_database.ConnectionString);
        _services = new ServiceCollection().AddDbContext<HubDbContext>(db => HubDatabase.Configure(db, _source)).BuildServiceProvider();
        _owner = await UserAsync("owner");
    }

    public async Task DisposeAsync()
    {
        await _services!.DisposeAsync();
        await _source!.DisposeAsync();
        await _database!.DisposeAsync();
    }

    [Fact]
    public async Task Many_workers_take_every_job_once()
    {
        var jobs = new List<Guid>();
        for (var i = 0; i < 60; i++)
            jobs.Add(await AddAsync(_owner));
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var queue = new JobQueue(_source!);
            var own = new List<Guid>();
            while (await queue.ClaimAsync(JobLane.Light, CancellationToken.None) is { } claimed)
                own.Add(claimed.Id);
            return own;
        }));
        Assert.Equal(jobs.Order(), taken.SelectMany(t => t).Order());
        Assert.Null(await new JobQueue(_source!).ClaimAsync(JobLane.Heavy, CancellationToken.None));
    }

    [Fact]
    public async Task Who_runs_less_comes_first()
    {
        var other = await UserAsync("other");
        for (var i = 0; i < 5; i++)
            await AddAsync(_owner);
        var late = await AddAsync(other);
        var queue = new JobQueue(_source!);
        await queue.ClaimAsync(JobLane.Light, CancellationToken.None);
        Assert.Equal(late, (await queue.ClaimAsync(JobLane.Light, CancellationToken.None))!.Value.Id);
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_publishes_nothing()
    {
        var id = await AddAsync(_owner);
        var queue = new JobQueue(_source!);
        var first = (await queue.ClaimAsync(JobLane.Light, CancellationToken.None))!.Value;
        await ExpireAsync(id);
        var second = (await queue.ClaimAsync(JobLane.Light, CancellationToken.None))!.Value;
        Assert.Equal(id, second.Id);
        Assert.Null(await queue.BeatAsync(id, first.Token, 0.5, null, "", CancellationToken.None));
        var zombie = new JobRun(await JobAsync(id), first.Token, queue, Scopes, TimeProvider.System, 1);
        await Assert.ThrowsAsync<JobLostException>(() => zombie.CommitAsync(WriteAsync("zombie"), CancellationToken.None));
        Assert.True(zombie.Lost);
        var holder = new JobRun(await JobAsync(id), second.Token, queue, Scopes, TimeProvider.System, 1);
        await holder.SaveAsync(WriteAsync("step"), CancellationToken.None);
        await holder.CommitAsync(WriteAsync("result"), CancellationToken.None);
        await Assert.ThrowsAsync<JobLostException>(() => holder.CommitAsync(WriteAsync("again"), CancellationToken.None));
        Assert.Equal((JobStatus.Succeeded, 2, 1.0), (await JobAsync(id)) is var job ? (job.Status, job.Attempt, job.Progress) : default);
        Assert.Equal(["result", "step"], await UsersAsync("result", "step", "zombie", "again"));
    }

    [Fact]
    public async Task A_job_that_kills_every_worker_is_given_up()
    {
        var id = await AddAsync(_owner);
        var queue = new JobQueue(_source!);
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            Assert.Null(await queue.TakePoisonedAsync(CancellationToken.None));
            Assert.Equal(id, (await queue.ClaimAsync(JobLane.Light, CancellationToken.None))!.Value.Id);
            await ExpireAsync(id);
        }
        Assert.Null(await queue.ClaimAsync(JobLane.Light, CancellationToken.None));
        Assert.Equal(id, (await queue.TakePoisonedAsync(CancellationToken.None))!.Value.Id);
        Assert.Null(await queue.TakePoisonedAsync(CancellationToken.None)); // one of them buries it
    }

    [Fact]
    public async Task A_stopped_process_gives_its_job_back_without_counting_the_attempt()
    {
        var id = await AddAsync(_owner);
        var queue = new JobQueue(_source!);
        var claimed = (await queue.ClaimAsync(JobLane.Light, CancellationToken.None))!.Value;
        await queue.BeatAsync(id, claimed.Token, 0.4, "half-way", "line\n", CancellationToken.None);
        await queue.HandBackAsync(id, claimed.Token, CancellationToken.None);
        var job = await JobAsync(id);
        Assert.Equal((JobStatus.Queued, 0, "half-way", "line\n"), (job.Status, job.Attempt, job.Message, job.Log));
        Assert.Equal(id, (await queue.ClaimAsync(JobLane.Light, CancellationToken.None))!.Value.Id);
    }

    [Fact]
    public async Task Cancel_and_completion_race_to_one_end()
    {
        for (var round = 0; round < 20; round++)
        {
            var id = await AddAsync(_owner);
            var queue = new JobQueue(_source!);
            var claimed = (await queue.ClaimAsync(JobLane.Light, CancellationToken.None))!.Value;
            var run = new JobRun(await JobAsync(id), claimed.Token, queue, Scopes, TimeProvider.System, 1);
            var completing = run.CommitAsync(_ => Task.CompletedTask, CancellationToken.None);
            var cancelling = ChangeAsync(id, job => job.Cancel(DateTimeOffset.UnixEpoch));
            await Task.WhenAll(completing, cancelling);
            var end = (await JobAsync(id)).Status;
            Assert.Equal(JobStatus.Succeeded, end); // the worker had it: a cancel that it did not see changes nothing
            await ChangeAsync(id, job => job.Cancel(DateTimeOffset.UnixEpoch));
            Assert.Equal(end, (await JobAsync(id)).Status);
        }
    }

    private IServiceScopeFactory Scopes => _services!.GetRequiredService<IServiceScopeFactory>();

    private Func<HubDbContext, Task> WriteAsync(string username) => db =>
    {
        db.Users.Add(new User(username, username + "@example.test", false, DateTimeOffset.UnixEpoch));
        return Task.CompletedTask;
    };

    private async Task<T> WithAsync<T>(Func<HubDbContext, Task<T>> use)
    {
        await using var scope = Scopes.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<HubDbContext>());
    }

    private Task<Guid> UserAsync(string name) => WithAsync(async db =>
    {
        var user = new User(name, name + "@example.test", false, DateTimeOffset.UnixEpoch);
        db.Users.Add(user);
        await db.SaveChangesAsync();
        return user.Id;
    });

    private Task<Guid> AddAsync(Guid owner) => WithAsync(async db =>
    {
        var job = new Job("test", JobLane.Light, owner, null, null, "{}", TimeProvider.System.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync();
        return job.Id;
    });

    private Task<Job> JobAsync(Guid id) => WithAsync(db => db.Jobs.AsNoTracking().SingleAsync(j => j.Id == id));

    private Task<string[]> UsersAsync(params string[] names) =>
        WithAsync(db => db.Users.Where(u => names.Contains(u.Username)).Select(u => u.Username).OrderBy(n => n).ToArrayAsync());

    private Task<int> ExpireAsync(Guid id) =>
        WithAsync(db => db.Database.ExecuteSqlAsync($"update jobs set lease_until = now() - interval '1 second' where id = {id}"));

    private Task<int> ChangeAsync(Guid id, Action<Job> change) => WithAsync(async db =>
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        change(await db.Jobs.FromSql($"select * from jobs where id = {id} for update").SingleAsync());
        var count = await db.SaveChangesAsync();
        await transaction.CommitAsync();
        return count;
    });
}
