using System.Diagnostics;

namespace ModelHub.Tests.Shared;

/// <summary>A small file system in memory, mounted on a folder: what only root may do.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    /// <param name="options">As mount has them: size=4m, nr_inodes=24.</param>
    public SmallDisk(string folder, string options)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        Assert.Equal(0, Run("mount", "-t", "tmpfs", "-o", options, "none", folder));
    }

    public void Dispose() => Run("umount", "-l", _folder);

    internal static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}

/// <summary>Skipped where nobody may mount.</summary>
public sealed class SmallDiskFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> CanMount = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("mh-test-").FullName;
        var can = Environment.IsPrivilegedProcess && SmallDisk.Run("mount", "-t", "tmpfs", "-o", "size=64k", "none", folder) == 0
            && SmallDisk.Run("umount", folder) == 0;
        Directory.Delete(folder);
        return can;
    });

    public SmallDiskFactAttribute() => Skip = CanMount.Value ? null : "Only root may mount the small file system that this test fills.";
}
