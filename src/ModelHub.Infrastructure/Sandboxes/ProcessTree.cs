using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>What a process and all its descendants use, read from /proc.</summary>
/// <param name="Processes">Their numbers, the first one's first; none when it is gone.</param>
/// <param name="Threads">Of all processes together.</param>
/// <param name="Bytes">Resident now, all together; at least the most that any one of them ever was, since nobody looks all the time.</param>
/// <param name="Processor">Processor time that they, and those of their children that ended, have taken.</param>
internal sealed record ProcessTree(IReadOnlyList<int> Processes, int Threads, long Bytes, TimeSpan Processor)
{
    // USER_HZ: what Linux counts times of processes in, on every machine.
    private const int TicksPerSecond = 100;

    public static ProcessTree Of(int root)
    {
        var (processes, threads, bytes, most, ticks) = (new List<int>(), 0, 0L, 0L, 0L);
        var open = new Stack<int>();
        open.Push(root);
        while (open.TryPop(out var id) && processes.Count < 10_000)
        {
            try
            {
                var fields = FieldsOf(id);
                long Field(int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture);
                ticks += Field(14) + Field(15) + Field(16) + Field(17);
                threads += (int)Field(20);
                bytes += Field(24) * Environment.SystemPageSize;
                most = Math.Max(most, MostOf(id));
                processes.Add(id);
                foreach (var child in ChildrenOf(id))
                    open.Push(child);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It ended while it was looked at.
            }
        }
        return new ProcessTree(processes, threads, Math.Max(bytes, most), TimeSpan.FromSeconds((double)ticks / TicksPerSecond));
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

    /// <summary>What proc(5) calls the third field, "state", and those behind it; before them is a name that may hold anything.</summary>
    /// <exception cref="IOException">The process is gone.</exception>
    public static string[] FieldsOf(int id)
    {
        var stat = File.ReadAllText($"/proc/{id}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    /// <summary>VmHWM of proc_pid_status(5), in kB there; 0 of what has no memory any more.</summary>
    private static long MostOf(int id) =>
        File.ReadLines($"/proc/{id}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } line
            ? 1024 * long.Parse(line.AsSpan(6, line.Length - 8), CultureInfo.InvariantCulture) : 0;

    private static List<int> ChildrenOf(int id) =>
    [
        .. Directory.EnumerateDirectories($"/proc/{id}/task").SelectMany(t => File.ReadAllText(t + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(c => int.Parse(c, CultureInfo.InvariantCulture)),
    ];
}
