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
                foreach (var task in Directory.EnumerateDirectories($"/proc/{id}/task"))
                {
                    foreach (var child in File.ReadAllText(task + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                        open.Push(int.Parse(child, CultureInfo.InvariantCulture));
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
            {
                // It ended while it was looked at.
            }
        }
        return (bytes, count);
    }
}
