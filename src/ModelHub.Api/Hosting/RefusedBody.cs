using Microsoft.AspNetCore.Http.Features;

namespace ModelHub.Api.Hosting;

/// <summary>
/// What a client goes on sending after it was refused. It is read for a while, because many send all before they listen and would never hear why; but
/// slowly, because reading a gigabyte at full speed costs the neighbours more than serving it would. Then the connection is cut.
/// </summary>
internal sealed class RefusedBody(RequestDelegate next, TimeProvider clock)
{
    private const int Piece = 1 << 20;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

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
        var body = context.Request.BodyReader;
        using var late = new CancellationTokenSource(Longest, clock);
        var read = 0L;
        while (!late.IsCancellationRequested)
        {
            var part = await body.ReadAsync(late.Token);
            read += part.Buffer.Length;
            body.AdvanceTo(part.Buffer.End);
            if (part.IsCompleted)
                return true;
            if (read < Piece)
                continue;
            read = 0;
            await Task.Delay(Pause, clock, late.Token);
        }
        return false;
    }
}
