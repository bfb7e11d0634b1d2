using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects;

/// <summary>One vendor's way of speaking: its paths, its statuses, its error bodies, its OpenAPI document.</summary>
internal abstract class Dialect
{
    /// <summary>Name of its OpenAPI document.</summary>
    public abstract string Name { get; }

    public abstract string Title { get; }

    /// <summary>Namespace of its controllers, below <c>ModelHub.Api.Dialects</c>.</summary>
    public abstract string Folder { get; }

    /// <summary>Largest body in bytes; null for the hub's own bound.</summary>
    public virtual long? LargestBody => null;

    /// <summary>Whether its documents write paths with a slash at the end; requests may leave it out.</summary>
    public virtual bool EndsPathsWithSlash => false;

    public abstract bool Owns(PathString path);

    public virtual int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid => 422,
        ErrorKind.NotFound => 404,
        ErrorKind.Conflict => 409,
        ErrorKind.WrongState => 409,
        ErrorKind.Stale => 412,
        ErrorKind.Gone => 410,
        ErrorKind.Unauthenticated => 401,
        ErrorKind.Forbidden => 403,
        ErrorKind.TooLarge => 413,
        ErrorKind.RateLimited => 429,
        ErrorKind.Unavailable => 503,
        ErrorKind.TimedOut => 504,
        ErrorKind.Internal => 500,
    };

    /// <summary>The record that <see cref="WriteProblemAsync"/> writes, for the OpenAPI document.</summary>
    public abstract Type RefusalBody { get; }

    public virtual string RefusalType => "application/json";

    public abstract Task WriteProblemAsync(HttpContext context, ProblemDetails problem);

    /// <summary>Where a deployment is found, as a refusal to delete what is deployed says.</summary>
    public virtual string LinkToDeployment(Guid id) => $"/api/deployments/{id}";

    /// <summary>Asked before anything else: what of a request has to be put right.</summary>
    public virtual void Enter(HttpContext context)
    {
    }

    /// <summary>Asked between reading a body and validating it.</summary>
    public virtual Task BeforeActionAsync(ActionExecutingContext context) => Task.CompletedTask;

    /// <summary>How a property of a wire record is called in the dialect.</summary>
    public virtual string FieldName(string property) =>
        string.Join('.', property.Split('.').Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));
}

/// <summary>All dialects; the first that owns a path speaks, and the hub's own owns what is left.</summary>
internal sealed class DialectSet(IEnumerable<Dialect> dialects)
{
    private readonly Dialect[] _dialects = [.. dialects];

    public IReadOnlyList<Dialect> All => _dialects;

    /// <summary>The one whose document has this name.</summary>
    public Dialect Named(string document) => Array.Find(_dialects, d => d.Name == document) ?? throw new ArgumentException($"No dialect is called '{document}'.", nameof(document));

    public Dialect Of(PathString path) => Array.Find(_dialects, d => d.Owns(path)) ?? _dialects[^1];
}
