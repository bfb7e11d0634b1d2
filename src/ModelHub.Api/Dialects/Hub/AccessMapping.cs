using FluentValidation;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;

namespace ModelHub.Api.Dialects.Hub;

internal static class AccessMapping
{
    public static UserWire ToWire(User user) =>
        new() { Id = user.Id, Username = user.Username, Email = user.Email, IsAdmin = user.IsAdmin, CreatedAt = user.CreatedAt };

    public static ApiKeyWire ToWire(ApiKey key) => new() { Id = key.Id, Name = key.Name, Hint = key.Hint, CreatedAt = key.CreatedAt };

    public static ProjectWire ToWire(Project project) => new()
    {
        Id = project.Id, Number = project.Number, Name = project.Name, Description = project.Description, CreatedAt = project.CreatedAt,
    };

    public static JobWire ToWire(Job job) => new()
    {
        Id = job.Id,
        Kind = job.Kind,
        State = StateOf(job.Status),
        Progress = job.Progress,
        Message = job.Message,
        ProjectId = job.ProjectId,
        SubjectId = job.SubjectId,
        Attempt = job.Attempt,
        Error = job.ErrorMessage is null ? null : new JobErrorWire(job.ErrorCode ?? "failed", job.ErrorMessage),
        CreatedAt = job.CreatedAt,
        StartedAt = job.StartedAt,
        FinishedAt = job.FinishedAt,
    };

    public static string StateOf(JobStatus status) => status switch
    {
        JobStatus.Queued => "queued",
        JobStatus.Running => "running",
        JobStatus.Succeeded => "succeeded",
        JobStatus.Failed => "failed",
        JobStatus.Cancelled => "cancelled",
    };
}

/// <summary>Bounds of the hub's lists and the form of its ids.</summary>
internal static class HubPaging
{
    /// <param name="cursor">What the page before named as <c>next_cursor</c>; null to count from the start.</param>
    public static Paging Of(int? limit, int? offset, string? cursor = null)
    {
        if (limit is < 1 or > 500)
            throw ModelHubException.Invalid("limit", "'limit' is 1 to 500.");
        if (offset < 0)
            throw ModelHubException.Invalid("offset", "'offset' must not be negative.");
        if (cursor is not null && offset is not null)
            throw ModelHubException.Invalid("cursor", "'cursor' and 'offset' exclude each other.");
        var after = cursor is null ? null : ListPlace.TryParse(cursor) ?? throw ModelHubException.Invalid("cursor", "'cursor' is the next_cursor of a page.");
        return new Paging(limit ?? 50, offset ?? 0, after);
    }

    /// <summary>Reads an id of a query; null when it is not named.</summary>
    public static Guid? QueryId(string? text, string field) => text is null ? null
        : HubId.TryParse(text, out var id) ? id : throw ModelHubException.Invalid(field, $"'{field}' is no id.");

    /// <summary>Reads an id of a path; what is no id names nothing.</summary>
    public static Guid Id(string text, string noun) => HubId.TryParse(text, out var id) ? id : throw ModelHubException.NotFound(noun);
}

internal sealed class UserRules : AbstractValidator<UserRequest>
{
    public UserRules()
    {
        RuleFor(u => u.Username).NotEmpty().MaximumLength(100).Matches(@"^[\w.@+-]*$").WithMessage("Letters, digits and . @ + - _ only.");
        RuleFor(u => u.Email).NotEmpty().MaximumLength(320).EmailAddress();
    }
}

internal sealed class ApiKeyRules : AbstractValidator<ApiKeyRequest>
{
    public ApiKeyRules() => RuleFor(k => k.Name).NotEmpty().MaximumLength(200);
}

internal sealed class ProjectRules : AbstractValidator<ProjectRequest>
{
    public ProjectRules()
    {
        RuleFor(p => p.Name).MaximumLength(200);
        RuleFor(p => p.Description).MaximumLength(10_000);
    }
}
