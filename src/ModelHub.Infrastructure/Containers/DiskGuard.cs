using System.Text.Json;
using ModelHub.Application.Errors;

namespace ModelHub.Infrastructure.Containers;

/// <summary>Stops what makes images when it fills the disk: engines bound memory and processors of a build, but not what it writes.</summary>
/// <param name="most">Bytes of disk that one image may take while it is made.</param>
internal sealed class DiskGuard(EngineSocket engine, long most)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    /// <exception cref="ModelHubException">It took too much (<see cref="ErrorKind.Invalid"/>).</exception>
    public async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        var disk = new DriveInfo(await FolderAsync(cancellation));
        var before = disk.AvailableFreeSpace;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = work(stop.Token);
        var isFull = false;
        while (await Task.WhenAny(working, Task.Delay(Interval, CancellationToken.None)) != working)
        {
            if (isFull || before - disk.AvailableFreeSpace <= most)
                continue;
            isFull = true;
            await stop.CancelAsync();
        }
        try
        {
            await working;
        }
        catch (Exception) when (isFull)
        {
            throw TooLarge();
        }
    }

    /// <exception cref="ModelHubException">An image is larger than what it may take.</exception>
    public void Require(long bytes)
    {
        if (bytes > most)
            throw TooLarge();
    }

    private ModelHubException TooLarge() => new(ErrorKind.Invalid, "build_failed", $"The image takes more than {most >> 20} MiB of disk.");

    /// <summary>Where the engine keeps its images.</summary>
    private async Task<string> FolderAsync(CancellationToken cancellation)
    {
        using var answer = await engine.SendAsync(HttpMethod.Get, "/info", null, cancellation);
        using var info = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
        var folder = info.RootElement.TryGetProperty("DockerRootDir", out var root) ? root.GetString() : null;
        return Directory.Exists(folder) ? folder : "/";
    }
}
