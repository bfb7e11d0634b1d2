using Microsoft.AspNetCore.Http.Features;
using ModelHub.Api.Bodies;
using ModelHub.Application.Scoring;

namespace ModelHub.Api.Hosting;

/// <summary>
/// What a client goes on sending after it was refused. It is read for a while, because many send all before they listen and would never hear why; but
/// slowly and not without end, because reading a gigabyte at full speed costs the neighbours more than serving it would. Then the connection is cut.
/// </summary>
internal sealed class RefusedBody(RequestDelegate next, TimeProvider clock)
{
    /// <summary>Bytes that are read at most.</summary>
    public const long Most = 160 << 20;

    /// <summary>For who sends slowly: that burdens nobody.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    public Task InvokeAsync(HttpContext context)
    {
        var answering = next(context);
        return answering.IsCompletedSuccessfully && context.Response.StatusCode < 400 ? answering : AnswerAsync(context, answering);
    }

    private async Task AnswerAsync(HttpContext context, Task answering)
    {
        await answering;
        if (context.Response.StatusCode < 400 || context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
            return;
        try
        {
            await context.Response.CompleteAsync();
            if (!await ReadRestAsync(context))
                context.Abort();
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
        catch (Exception unreadable) when (unreadable is IOException or InvalidOperationException)
        {
            // It is longer than the server reads, or broken, or who refused it has given it up. The server ends the connection, and not before its answer is out.
        }
    }

    /// <summary>False when there was too much of it.</summary>
    private async Task<bool> ReadRestAsync(HttpContext context)
    {
        // Past what has refused it: once is enough.
        if (context.Request.Body is HashedBody refused)
            context.Request.Body = refused.Wire;
        var body = context.Request.BodyReader;
        using var late = new CancellationTokenSource(Longest, clock);
        var since = 0L;
        for (var read = 0L; read < Most;)
        {
            var part = await body.ReadAsync(late.Token);
            // Not all that has come: the server would fetch as much again, at full speed.
            var taken = part.Buffer.Slice(0, Math.Min(part.Buffer.Length, QuietPace.Piece));
            read += taken.Length;
            since += taken.Length;
            var isAll = part.IsCompleted && taken.Length == part.Buffer.Length;
            body.AdvanceTo(taken.End);
            if (isAll)
                return true;
            if (since < QuietPace.Piece)
                continue;
            since = 0;
            await Task.Delay(QuietPace.Pause, clock, late.Token);
        }
        return false;
    }
}
