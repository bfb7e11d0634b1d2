using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Filters;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.AutoMl;

/// <summary>
/// Looks for the key at the front of a long body: 200 MB are not held in memory for somebody who has none. What is looked at stays to be read.
/// </summary>
internal sealed class KeyBeforeData(AutoMlDialect dialect) : IAsyncResourceFilter
{
    private const int MostLookedAt = 1 << 20;

    public async Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
    {
        var http = context.HttpContext;
        if (http.Features.Get<Caller>() is null && http.Request.ContentLength is not <= JsonBodyLimit.Plain)
        {
            var body = http.Request.BodyReader;
            var (secret, isAll) = await FindAsync(body, http.RequestAborted);
            if (secret is null && !isAll)
            {
                throw new ModelHubException(
                    ErrorKind.Unauthenticated, "unauthenticated", "A long body names its user_api_key within the first megabyte, before the data, or comes with an Authorization header.");
            }
            if (secret is not null)
                await dialect.AdmitAsync(http, secret);
            // Whatever wraps the body, what was looked at lies in its reader.
            http.Request.Body = body.AsStream();
        }
        await next();
    }

    /// <summary>The key, if it was there, and whether the body has nothing more than was looked at.</summary>
    private static async Task<(string? Secret, bool IsAll)> FindAsync(PipeReader body, CancellationToken cancellation)
    {
        // Twice as much each time: looking anew at each packet would take the square of their number.
        for (var wanted = 16 << 10; ; wanted *= 2)
        {
            var read = await body.ReadAtLeastAsync(wanted, cancellation);
            var secret = Find(read.Buffer);
            body.AdvanceTo(read.Buffer.Start);
            if (secret is not null || read.IsCompleted || wanted >= MostLookedAt)
                return (secret, read.IsCompleted);
        }
    }

    private static string? Find(ReadOnlySequence<byte> text)
    {
        var reader = new Utf8JsonReader(text, isFinalBlock: false, default);
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("user_api_key"u8))
                    return reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
            }
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            // No JSON, or no text: there is no key in it.
        }
        return null;
    }
}
