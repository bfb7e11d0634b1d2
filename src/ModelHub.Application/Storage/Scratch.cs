namespace ModelHub.Application.Storage;

/// <summary>
/// A folder of this process among the system's temporary ones, for files that nobody needs beyond it. A locked file in it says that the process lives, so that
/// what a killed one left behind can be told and removed, by any hub on the machine.
/// </summary>
public static class Scratch
{
    private const string Prefix = "modelhub-scratch-";
    private const string LockName = "lock";
    private static readonly Lazy<(DirectoryInfo Folder, FileStream Lock)> Own = new(Create);

    /// <summary>A name that no file has yet.</summary>
    public static string NewPath() => Path.Combine(Own.Value.Folder.FullName, Guid.NewGuid().ToString("N"));

    /// <summary>A new folder, which nobody but this user may enter.</summary>
    public static DirectoryInfo NewFolder() => Directory.CreateDirectory(NewPath());

    /// <summary>Removes what processes that are gone left behind.</summary>
    /// <returns>How many of them there were.</returns>
    public static int Sweep() =>
        LocksHold() ? new DirectoryInfo(Path.GetTempPath()).EnumerateDirectories(Prefix + "*").Count(folder => Remove(folder)) : 0;

    private static (DirectoryInfo, FileStream) Create()
    {
        // It gets its name when it is locked: until then no sweep looks at it.
        var folder = Directory.CreateTempSubdirectory("modelhub-new-");
        var held = Lock(folder.FullName, FileMode.CreateNew);
        folder.MoveTo(Path.Combine(Path.GetTempPath(), Prefix + Guid.NewGuid().ToString("N")));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Remove(folder, held);
        return (folder, held);
    }

    /// <summary>There are file systems whose locks keep nobody out, not even from what this process holds.</summary>
    private static bool LocksHold()
    {
        try
        {
            Lock(Own.Value.Folder.FullName, FileMode.Open).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static FileStream Lock(string folder, FileMode mode) => new(Path.Combine(folder, LockName), mode, FileAccess.ReadWrite, FileShare.None);

    private static bool Remove(DirectoryInfo folder, FileStream? held = null)
    {
        try
        {
            using var taken = held ?? Lock(folder.FullName, FileMode.OpenOrCreate);
            folder.Delete(recursive: true);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Its process lives, another hub was faster, or it is another user's.
            return false;
        }
    }
}
