using System.Globalization;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>The processes of a cluster as Linux shows them; elsewhere none are seen, and PostgreSQL's own checks hold.</summary>
internal static class ClusterProcesses
{
    /// <summary>
    /// Whether the process is the server of this data folder. A zombie is not: its files are closed, but kill(pid, 0) takes it for alive.
    /// Nor is a process that got the same number later.
    /// </summary>
    public static bool IsServer(int pid, string data)
    {
        try
        {
            return !IsZombie(pid) && File.ReadAllText($"/proc/{pid}/cmdline").Split('\0').Contains(data);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Everything that works in the data folder: sessions notice only at their next step that their server was killed.</summary>
    public static IReadOnlyList<int> In(string data)
    {
        if (!OperatingSystem.IsLinux())
            return [];
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                continue;
            try
            {
                if (Directory.ResolveLinkTarget(Path.Combine(folder, "cwd"), false)?.FullName == data && !IsZombie(pid))
                    found.Add(pid);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                continue; // ended meanwhile, or another user's
            }
        }
        return found;
    }

    private static bool IsZombie(int pid) => ProcessTree.FieldsOf(pid)[0] == "Z";
}
