using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>What work on a version's files came to.</summary>
/// <param name="Files">A tar.gz of what it made; null when it failed.</param>
/// <param name="Failure">Why it failed; null when it did not.</param>
public sealed record WorkDone(StoredArtifact? Files, string? Failure);

/// <summary>Runs programs of a version to their end, in a sandbox, and keeps the files that they make (see workshop.py).</summary>
public sealed class Workshop(ISandbox sandbox, IArtifactStore store)
{
    public const string OutputFolder = "/tmp/output";
    private readonly Lazy<string> _script = new(() => ModelPrograms.Resource("workshop.py", sandbox.NewFolder()));

    /// <summary>Bytes of files that a program may make.</summary>
    internal long MostBytes { get; init; } = 1L << 30;

    /// <summary>How long a program may run.</summary>
    internal TimeSpan Longest { get; init; } = TimeSpan.FromMinutes(10);

    /// <param name="work">packages, or convert and a path.</param>
    /// <param name="logged">Told of the log as soon as there is one.</param>
    public async Task<WorkDone> RunAsync(ModelProgram program, IReadOnlyList<string> work, Action<BoundedLog> logged, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Longest);
        await using var process = await sandbox.StartAsync(program.Workshop(_script.Value, work), limit.Token);
        logged(process.Log);
        try
        {
            var made = await store.PutAsync((target, stop) => CopyAsync(process, target, stop), limit.Token);
            var code = await process.Exited.WaitAsync(limit.Token);
            if (process.KilledFor is { } reason)
                return new WorkDone(null, $"The program was ended: {reason}.");
            return code == 0 ? new WorkDone(made, null) : new WorkDone(null, $"The program ended with exit code {code}. End of its log:\n{process.Log.Tail(12)}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new WorkDone(null, $"The program took longer than {Longest.TotalMinutes} minutes.");
        }
        catch (ModelHubException refusal) when (refusal.Code == "output_too_large")
        {
            return new WorkDone(null, refusal.Message);
        }
    }

    private async Task CopyAsync(ISandboxedProcess process, Stream target, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 16];
        var total = 0L;
        while (await process.Output.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            if ((total += read) > MostBytes)
                throw new ModelHubException(ErrorKind.TooLarge, "output_too_large", $"The program made more than {MostBytes >> 20} MiB of files.");
            await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }
}
