using Microsoft.AspNetCore.WebUtilities;
using ModelHub.Api.Access;
using ModelHub.Api.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Retries;

namespace ModelHub.Api.Retries;

/// <summary>
/// <c>Idempotency-Key</c> on POST and PATCH, scoring aside: the first request with a key is done, and what it was answered, if it went well, is answered
/// to all that follow for a day. Answers of more than 64 KB and those that may not be stored are not kept.
/// </summary>
internal sealed class IdempotencyHeader(RequestDelegate next, IdempotencyKeys keys)
{
    private const string Name = "Idempotency-Key";

    public Task InvokeAsync(HttpContext context) =>
        context.Request.Headers.ContainsKey(Name) && (HttpMethods.IsPost(context.Request.Method) || HttpMethods.IsPatch(context.Request.Method))
        && context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<ScoringAttribute>() is null
            ? RunAsync(context) : next(context);

    private async Task RunAsync(HttpContext context)
    {
        await using var request = new RepeatableRequest(context, keys, KeyOf(context.Request));
        context.Features.Set(request);
        if (context.Features.Get<Caller>() is { } caller && await request.AnswerAgainAsync(caller))
            return;
        var wire = context.Response.Body;
        // The answer waits here until it is kept: beyond what is kept in a file.
        await using var answer = new FileBufferingWriteStream(IdempotentRequest.LongestBody);
        context.Response.Body = answer;
        try
        {
            await next(context);
            await context.Response.BodyWriter.FlushAsync();
        }
        finally
        {
            context.Response.Body = wire;
        }
        if (!request.IsKept || answer.Length > IdempotentRequest.LongestBody)
        {
            await answer.DrainBufferAsync(wire);
            return;
        }
        using var bytes = new MemoryStream();
        await answer.DrainBufferAsync(bytes);
        await request.KeepAsync(bytes.ToArray());
        if (bytes.Length > 0)
            await wire.WriteAsync(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
    }

    private static string KeyOf(HttpRequest request) =>
        request.Headers[Name] is [{ Length: > 0 and <= IdempotentRequest.LongestKey } key] && key.All(c => c is > ' ' and <= '~')
            ? key : throw new HttpRefusalException(400, "bad_idempotency_key", $"An {Name} has 1 to {IdempotentRequest.LongestKey} visible characters.");
}
