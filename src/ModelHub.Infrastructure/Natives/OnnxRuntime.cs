using System.Diagnostics;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;

namespace ModelHub.Infrastructure.Natives;

/// <summary>ONNX Runtime through its C API. Files are tried in a child process first, because a crash of native code cannot be contained.</summary>
public sealed class OnnxRuntime(NativeLibraries libraries) : IOnnxRuntime
{
    /// <summary>The program's hidden verb that a child is started with: probe-onnx LIBRARY FILE.</summary>
    public const string ProbeVerb = "probe-onnx";

    private const long MostProbeBytes = 4L << 30;
    private const int RowsOfProbe = 2;
    private static readonly TimeSpan MostProbeTime = TimeSpan.FromSeconds(60);

    public string? Missing => libraries.OnnxMissing;

    public async Task ProbeAsync(ReadOnlyMemory<byte> model, CancellationToken cancellation)
    {
        var library = await Task.Run(() => libraries.RequireOnnx(cancellation), cancellation);
        Refusing(() => OnnxInspector.RequireSelfContained(model.Span));
        var folder = Scratch.NewFolder().FullName;
        try
        {
            var file = Path.Combine(folder, "model.onnx");
            await File.WriteAllBytesAsync(file, model, cancellation);
            await RunProbeAsync(library, file, folder, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public IModelRunner Load(ReadOnlyMemory<byte> model, ModelTarget? target)
    {
        var library = libraries.RequireOnnx(CancellationToken.None);
        IModelRunner? runner = null;
        Refusing(() =>
        {
            OnnxInspector.RequireSelfContained(model.Span);
            runner = new OnnxRunner(OnnxApi.Load(library), model.Span, target);
        });
        return runner!;
    }

    /// <summary>What the child does: loads, infers some rows of zeros, and says "ok" or why not. The exit code is 0 for both.</summary>
    public static int Probe(string library, string file)
    {
        try
        {
            var api = OnnxApi.Load(library);
            using var session = new OnnxSession(api, File.ReadAllBytes(file));
            var columns = new OnnxColumns(api, session.Inputs, session.Columns);
            // Where even the number of columns is open, only loading can be tried.
            var matrix = session.Inputs is [{ Shape: [_, var width] }] && width != 1 ? width : 0;
            if (matrix is >= 0 and <= 100_000 && session.Inputs.Length > 0)
            {
                var rows = columns.Batch ?? RowsOfProbe;
                var names = session.Columns ?? (matrix > 0 ? Enumerable.Range(0, (int)matrix).Select(i => $"c{i}") : session.Inputs.Select(p => p.Name));
                using var feed = columns.Feed(new Table([.. names.Select(n => new NumericColumn(n, ColumnKind.Numeric, new double[rows]))], rows));
                Array.ForEach(session.Run(feed, session.Outputs), v => v.Dispose());
            }
            Console.WriteLine("ok");
        }
        catch (Exception failed) when (failed is OnnxException or ModelHubException or OverflowException)
        {
            Console.WriteLine(failed.Message.ReplaceLineEndings(" "));
        }
        return 0;
    }

    private static async Task RunProbeAsync(string library, string file, string folder, CancellationToken cancellation)
    {
        using var child = NativeProcess.Start(folder, ProbeVerb, library, file);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(MostProbeTime);
        try
        {
            var said = child.StandardOutput.ReadToEndAsync(stop.Token);
            var errors = child.StandardError.ReadToEndAsync(stop.Token);
            while (!child.WaitForExit(0))
            {
                if (MemoryOf(child) > MostProbeBytes)
                    throw Refused("it takes more than 4 GB of memory.");
                await Task.WhenAny(child.WaitForExitAsync(stop.Token), Task.Delay(100, stop.Token));
                stop.Token.ThrowIfCancellationRequested();
            }
            var answer = (await said).Trim();
            await errors;
            if (child.ExitCode != 0)
                throw Refused($"loading it crashes ONNX Runtime (exit code {child.ExitCode}).");
            if (!answer.EndsWith("ok", StringComparison.Ordinal))
                throw Refused(answer);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Refused("loading it takes more than a minute.");
        }
        finally
        {
            if (!child.HasExited)
                child.Kill(entireProcessTree: true);
        }
    }

    private static long MemoryOf(Process child)
    {
        try
        {
            child.Refresh();
            return child.WorkingSet64;
        }
        catch (InvalidOperationException)
        {
            // It has ended just now.
            return 0;
        }
    }

    private static void Refusing(Action load)
    {
        try
        {
            load();
        }
        catch (OnnxException refused)
        {
            throw Refused(refused.Message);
        }
    }

    private static ModelHubException Refused(string reason) => ModelHubException.Invalid("file", $"The ONNX file cannot be run: {reason}");
}
