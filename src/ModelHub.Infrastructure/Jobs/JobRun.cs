using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;

namespace ModelHub.Infrastructure.Jobs;

/// <summary>A claimed job while it is being run: its heartbeat, its log, and the fence around what it publishes.</summary>
internal sealed class JobRun(Job job, Guid token, JobQueue queue, IServiceScopeFactory scopes, TimeProvider clock, int threads) : IJobRun
{
    private readonly StringBuilder _log = new();
    private readonly Lock _gate = new();
    private double _progress;
    private string? _message;
    private volatile bool _cancelRequested;

    public Job Job => job;

    public int Threads => threads;

    public bool CancelRequested => _cancelRequested;

    public bool Ended { get; private set; }

    /// <summary>Somebody else holds the job now: nothing more may be written.</summary>
    public bool Lost { get; private set; }

    public void Report(double progress, string? message)
    {
        lock (_gate)
        {
            _progress = Math.Clamp(progress, 0, 1);
            _message = message ?? _message;
        }
    }

    public void Log(string line)
    {
        lock (_gate)
        {
            if (_log.Length < Job.LogLimit)
                _log.Append(clock.GetUtcNow().ToString("O", System.Globalization.CultureInfo.InvariantCulture)).Append(' ').AppendLine(line);
        }
    }

    /// <summary>Renews the lease until stopped; cancels the work when the job was cancelled or lost.</summary>
    /// <param name="news">Ends when a job was queued or cancelled: who has been cancelled need not wait for the next beat.</param>
    public async Task BeatAsync(CancellationTokenSource work, Func<Task> news, CancellationToken stop)
    {
        var heard = news();
        try
        {
            while (true)
            {
                await Task.WhenAny(heard, Task.Delay(JobQueue.Heartbeat, clock, stop));
                if (heard.IsCompleted)
                {
                    await Task.Delay(JobQueue.LeastPause, clock, stop);
                    heard = news();
                }
                stop.ThrowIfCancellationRequested();
                try
                {
                    if (!await BeatOnceAsync(stop))
                        break;
                }
                catch (Exception failure) when (DatabaseDown.Is(failure))
                {
                    // The database is away: go on; when it is back, the lease's token tells whether the job is still ours.
                }
            }
            if (Lost || _cancelRequested)
                await work.CancelAsync();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    public Task SaveAsync(Func<HubDbContext, Task> change, CancellationToken cancellation) => FencedAsync(change, null, null, cancellation);

    public Task CommitAsync(Func<HubDbContext, Task> publish, CancellationToken cancellation) =>
        FencedAsync(publish, _cancelRequested ? JobStatus.Cancelled : JobStatus.Succeeded, null, cancellation);

    /// <summary>Ends the job without a result, telling its handler in the same transaction.</summary>
    public Task EndAsync(IJobHandler? handler, JobStatus status, Application.Errors.ModelHubException? error) => FencedAsync(
        async db =>
        {
            if (handler is not null)
                await handler.EndedAsync(db, await db.Jobs.SingleAsync(j => j.Id == job.Id), CancellationToken.None);
        },
        status, error, CancellationToken.None, endFirst: true);

    private async Task<bool> BeatOnceAsync(CancellationToken cancellation)
    {
        var log = TakeLog();
        bool? answer;
        try
        {
            answer = await queue.BeatAsync(job.Id, token, _progress, _message, log, cancellation);
        }
        catch
        {
            lock (_gate)
                _log.Insert(0, log); // nobody has it yet
            throw;
        }
        Lost = answer is null && !Ended;
        _cancelRequested = answer ?? _cancelRequested;
        return answer == false;
    }

    private string TakeLog()
    {
        lock (_gate)
        {
            var log = _log.ToString();
            _log.Clear();
            return log;
        }
    }

    private async Task FencedAsync(
        Func<HubDbContext, Task> change, JobStatus? end, Application.Errors.ModelHubException? error, CancellationToken cancellation, bool endFirst = false)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var row = await db.Jobs
            .FromSql($"select * from jobs where id = {job.Id} and lease_token = {token} and status = 'Running' for update")
            .SingleOrDefaultAsync(cancellation);
        if (row is null)
        {
            Lost = true;
            throw new JobLostException(job.Id);
        }
        if (!endFirst)
            await change(db);
        if (end is { } status)
        {
            row.Say(TakeLog());
            row.End(status, clock.GetUtcNow(), error);
        }
        if (endFirst)
            await change(db);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        Ended |= end is not null;
    }
}

/// <summary>The lease was lost: another worker has the job, and nothing of ours may be published.</summary>
internal sealed class JobLostException(Guid id) : Exception($"Job {id} is held by another worker.");
