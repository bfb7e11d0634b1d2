namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record JobWire
{
    public required Guid Id { get; init; }

    public required string Kind { get; init; }

    /// <summary>queued, running, succeeded, failed or cancelled.</summary>
    public required string State { get; init; }

    /// <summary>0..1.</summary>
    public required double Progress { get; init; }

    public required string? Message { get; init; }

    public required Guid? ProjectId { get; init; }

    /// <summary>What the job works on.</summary>
    public required Guid? SubjectId { get; init; }

    public required int Attempt { get; init; }

    public required JobErrorWire? Error { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset? StartedAt { get; init; }

    public required DateTimeOffset? FinishedAt { get; init; }
}

public sealed record JobErrorWire(string Code, string Message);

public sealed record JobAnswer(JobWire Job);

public sealed record JobLogAnswer(string Log);
