using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.Jobs;

public enum JobStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>Which workers take a job: training wants a machine's cores, the rest must not wait behind it.</summary>
public enum JobLane
{
    Light,
    Heavy,
}

/// <summary>
/// Anything that takes time. Rows are claimed with FOR UPDATE SKIP LOCKED and held by a lease; the lease's token fences a worker that
/// lost it: only the present holder can finish the job.
/// </summary>
public sealed class Job : IListed
{
    public const int LogLimit = 64 * 1024;

    private Job()
    {
    }

    public Job(string kind, JobLane lane, Guid ownerId, Guid? projectId, Guid? subjectId, string payload, DateTimeOffset now, int maxAttempts = 3)
    {
        MaxAttempts = maxAttempts;
        Id = HubId.New(now);
        Kind = kind;
        Lane = lane;
        OwnerId = ownerId;
        ProjectId = projectId;
        SubjectId = subjectId;
        Payload = payload;
        CreatedAt = now;
    }

    public Guid Id { get; private set; }

    public string Kind { get; private set; } = "";

    public JobLane Lane { get; private set; }

    public Guid OwnerId { get; private set; }

    public Guid? ProjectId { get; private set; }

    /// <summary>What the job works on: an experiment, a dataset.</summary>
    public Guid? SubjectId { get; private set; }

    /// <summary>The handler's own JSON.</summary>
    public string Payload { get; private set; } = "{}";

    public JobStatus Status { get; private set; }

    /// <summary>0..1.</summary>
    public double Progress { get; private set; }

    public string? Message { get; private set; }

    public string Log { get; private set; } = "";

    public ErrorKind? ErrorKind { get; private set; }

    public string? ErrorCode { get; private set; }

    public string? ErrorMessage { get; private set; }

    public int Attempt { get; private set; }

    /// <summary>Workers that may die of it one after the other before it is given up.</summary>
    public int MaxAttempts { get; private set; } = 3;

    public Guid? LeaseToken { get; private set; }

    public DateTimeOffset? LeaseUntil { get; private set; }

    public bool CancelRequested { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? StartedAt { get; private set; }

    public DateTimeOffset? FinishedAt { get; private set; }

    public bool IsFinished => Status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;

    /// <summary>Asks for an end: a queued job ends at once, a running one when its worker sees it.</summary>
    public void Cancel(DateTimeOffset now)
    {
        if (IsFinished)
            return;
        CancelRequested = true;
        if (Status == JobStatus.Queued)
            End(JobStatus.Cancelled, now);
    }

    /// <summary>Adds lines to the log, of which the last are kept.</summary>
    public void Say(string lines) => Log = Log.Length + lines.Length <= LogLimit ? Log + lines : (Log + lines)[^LogLimit..];

    /// <summary>Ends the job; the first end stays.</summary>
    public void End(JobStatus status, DateTimeOffset now, ModelHubException? error = null)
    {
        if (IsFinished)
            throw new InvalidOperationException($"Job {Id} has already ended as {Status}.");
        Status = status;
        FinishedAt = now;
        StartedAt ??= now;
        LeaseToken = null;
        LeaseUntil = null;
        if (status == JobStatus.Succeeded)
            Progress = 1;
        ErrorKind = error?.Kind;
        ErrorCode = error?.Code;
        ErrorMessage = error?.Message;
    }

    /// <summary>Work that was done within the request that asked for it, and is kept as a job because its dialect asks for one.</summary>
    public static Job Done(string kind, Guid ownerId, Guid? projectId, Guid? subjectId, DateTimeOffset started, DateTimeOffset finished)
    {
        var job = new Job(kind, JobLane.Light, ownerId, projectId, subjectId, "{}", started) { StartedAt = started, Attempt = 1 };
        job.End(JobStatus.Succeeded, finished);
        return job;
    }
}
