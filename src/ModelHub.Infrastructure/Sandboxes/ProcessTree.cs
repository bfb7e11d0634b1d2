using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>What a process and all its descendants use, read from /proc.</summary>
internal static class ProcessTree
{
    /// <summary>Resident bytes and the number of processes; zeros when it is gone.</summary>
    public static (long Bytes, int Count) Measure(int root)
    {
        var (bytes, count) = (0L, 0);
        var open = new Stack<int>();
        open.Push(root);
        while (open.TryPop(out var id) && count < 10_000)
        {
            try
            {
                bytes += long.Parse(File.ReadAllText($"/proc/{id}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
                count++;
                foreach (var child in ChildrenOf(id))
                    open.Push(child);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
            {
                // It ended while it was looked at.
            }
        }
        return (bytes, count);
    }

    /// <summary>Kills the children of those children of a process that go by a name; false when there are none of that name.</summary>
    public static bool KillUnder(int root, string name)
    {
        var found = false;
        try
        {
            foreach (var parent in ChildrenOf(root).Where(c => File.ReadAllText($"/proc/{c}/cmdline").Split('\0')[0] == name))
            {
                found = true;
                foreach (var child in ChildrenOf(parent))
                {
                    using var process = Process.GetProcessById(child);
                    process.Kill();
                }
            }
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It ended while it was looked at.
        }
        return found;
    }

    private static List<int> ChildrenOf(int id) =>
    [
        .. Directory.EnumerateDirectories($"/proc/{id}/task").SelectMany(t => File.ReadAllText(t + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(c => int.Parse(c, CultureInfo.InvariantCulture)),
    ];
}
