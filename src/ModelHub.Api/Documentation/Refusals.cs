using System.Globalization;
using Microsoft.OpenApi;
using ModelHub.Api.Dialects;
using ModelHub.Application.Errors;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ModelHub.Api.Documentation;

/// <summary>Gives every operation the refusals that it may answer with, in its dialect's own shape.</summary>
internal sealed class Refusals(DialectSet dialects) : IOperationFilter
{
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var dialect = dialects.Named(context.DocumentName);
        var schema = context.SchemaGenerator.GenerateSchema(dialect.RefusalBody, context.SchemaRepository);
        operation.Responses ??= [];
        foreach (var kinds in KindsOf(operation, context.ApiDescription.HttpMethod).GroupBy(dialect.StatusOf))
        {
            operation.Responses.TryAdd(kinds.Key.ToString(CultureInfo.InvariantCulture), new OpenApiResponse
            {
                Description = string.Join("; ", kinds.Select(Words)),
                Content = new Dictionary<string, IOpenApiMediaType>(StringComparer.Ordinal) { [dialect.RefusalType] = new OpenApiMediaType { Schema = schema } },
            });
        }
    }

    private static IEnumerable<ErrorKind> KindsOf(OpenApiOperation operation, string? method)
    {
        yield return ErrorKind.Unauthenticated;
        if (operation.RequestBody is not null || operation.Parameters is { Count: > 0 })
            yield return ErrorKind.Invalid;
        if (operation.Parameters?.Any(p => p.In == ParameterLocation.Path) is true || operation.RequestBody is not null)
            yield return ErrorKind.NotFound;
        if (method is not "GET")
        {
            yield return ErrorKind.Forbidden;
            yield return ErrorKind.Conflict;
        }
        if (operation.RequestBody is not null)
            yield return ErrorKind.TooLarge;
        yield return ErrorKind.RateLimited;
        yield return ErrorKind.Unavailable;
    }

    private static string Words(ErrorKind kind) => kind switch
    {
        ErrorKind.Unauthenticated => "No key, or one that is unknown or revoked",
        ErrorKind.Invalid => "A member or parameter is missing, of a wrong type, or out of its bounds",
        ErrorKind.NotFound => "There is no such thing, or it is somebody else's",
        ErrorKind.Forbidden => "The caller's role does not allow it",
        ErrorKind.Conflict => "The name is taken, or the thing is in use",
        ErrorKind.TooLarge => "The body is too large",
        ErrorKind.RateLimited => "Too many requests by this key",
        ErrorKind.Unavailable => "The database is away; try again",
        _ => kind.ToString(),
    };
}
