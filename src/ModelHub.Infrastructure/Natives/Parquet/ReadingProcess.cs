using System.Diagnostics;
using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>Talks to the process that reads a file. Whatever becomes of that process, this one is told and goes on.</summary>
internal sealed class ReadingProcess : IDisposable
{
    private static readonly TimeSpan MostSilence = TimeSpan.FromSeconds(60);
    private readonly Process _child;
    private readonly Stream _to;
    private readonly Stream _from;
    private readonly Timer _patience;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _stopping;
    private readonly Task<string> _errors;
    private bool _wasSilent;

    public ReadingProcess(Process child, string path, CancellationToken cancellation)
    {
        (_child, Path, _cancellation) = (child, path, cancellation);
        _to = child.StandardInput.BaseStream;
        _from = new BufferedStream(child.StandardOutput.BaseStream, 1 << 16);
        _errors = child.StandardError.ReadToEndAsync(CancellationToken.None);
        _patience = new Timer(_ =>
        {
            _wasSilent = true;
            Kill();
        });
        _stopping = cancellation.Register(Kill);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Rows that came, as a refusal tells.</summary>
    public long RowsRead { get; set; }

    public void Tell(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _to.Write(bytes);
            _to.Flush();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // It has ended; reading from it tells why.
        }
    }

    public byte[] Take(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    public void Fill(Span<byte> to)
    {
        _patience.Change(MostSilence, Timeout.InfiniteTimeSpan);
        try
        {
            _from.ReadExactly(to);
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            throw Crashed();
        }
        _patience.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What to say when it ended, or said what it should not.</summary>
    public Exception Crashed()
    {
        _cancellation.ThrowIfCancellationRequested();
        if (_wasSilent)
            return Refused("reading it takes too long.");
        _child.WaitForExit(5000);
        var code = _child.HasExited ? _child.ExitCode : -1;
        return Refused(_errors is { IsCompletedSuccessfully: true, Result: var said } && said.Contains("OutOfMemory", StringComparison.Ordinal)
            ? "reading it takes too much memory." : $"reading it broke the reader (exit code {code}).");
    }

    public ModelHubException Refused(string reason)
    {
        // The cause stands behind the last "Error:", on one line; what surrounds it is about the query.
        reason = reason.Replace(Path, "the file", StringComparison.Ordinal);
        reason = reason[(reason.LastIndexOf("Error: ", StringComparison.Ordinal) is >= 0 and var at ? at + "Error: ".Length : 0)..];
        return ParquetRefusals.Refused(reason.Split('\n')[0], RowsRead);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _patience.Dispose();
        Kill();
        _to.Dispose();
        _from.Dispose();
        _child.Dispose();
    }

    private void Kill()
    {
        try
        {
            if (!_child.HasExited)
                _child.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It ended by itself.
        }
    }
}
