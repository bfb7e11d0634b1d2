using ModelHub.Application.Storage;

namespace ModelHub.Application.Jobs;

/// <summary>
/// Does the work of one kind of job. Idempotent: a job may be started again after a crash, by another process; what it publishes, it
/// publishes through <see cref="IJobRun.CommitAsync"/>, which only the present holder of the job can do, once.
/// </summary>
public interface IJobHandler
{
    string Kind { get; }

    Task RunAsync(IJobRun run, CancellationToken cancellation);

    /// <summary>Called in the transaction that ends the job as failed or cancelled, to leave its subject in an honest state.</summary>
    Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation);
}

/// <summary>A job being run.</summary>
public interface IJobRun
{
    Job Job { get; }

    int Threads { get; }

    /// <summary>Publishes progress 0..1 and a message; cheap to call often.</summary>
    void Report(double progress, string? message);

    void Log(string line);

    /// <summary>Whether somebody asked to cancel; the token fires as well.</summary>
    bool CancelRequested { get; }

    /// <summary>Writes an intermediate result in a transaction that fails when the job is no longer ours.</summary>
    Task SaveAsync(Func<HubDbContext, Task> change, CancellationToken cancellation);

    /// <summary>Publishes the result and ends the job as succeeded (or cancelled, keeping what is published) in one transaction.</summary>
    Task CommitAsync(Func<HubDbContext, Task> publish, CancellationToken cancellation);
}
