namespace ModelHub.Application.Errors;

/// <summary>A refusal with a message fit for the caller.</summary>
/// <param name="kind">What class of refusal it is; dialects choose the status by it.</param>
/// <param name="code">A stable word for programs, e.g. <c>project_name_taken</c>.</param>
/// <param name="message">A sentence for people, without paths, SQL or stack traces.</param>
/// <param name="fields">Messages by field, for <see cref="ErrorKind.Invalid"/>.</param>
public sealed class ModelHubException(
    ErrorKind kind, string code, string message, IReadOnlyDictionary<string, string>? fields = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ErrorKind Kind { get; } = kind;

    public string Code { get; } = code;

    public IReadOnlyDictionary<string, string>? Fields { get; } = fields;

    /// <summary>The deployments that stand in the way; dialects link to them.</summary>
    public IReadOnlyList<Guid>? Deployments { get; init; }

    /// <summary>How long to wait before asking again, where that is known.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ModelHubException Invalid(string field, string message) =>
        new(ErrorKind.Invalid, "invalid", message, new Dictionary<string, string> { [field] = message });

    public static ModelHubException NotFound(string noun) => new(ErrorKind.NotFound, "not_found", $"No such {noun}.");

    public static ModelHubException Conflict(string code, string message) => new(ErrorKind.Conflict, code, message);

    public static ModelHubException Forbidden(string message) => new(ErrorKind.Forbidden, "forbidden", message);

    public static ModelHubException Unauthenticated() => new(ErrorKind.Unauthenticated, "unauthenticated", "A valid API key is needed.");
}
