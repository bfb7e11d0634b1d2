namespace ModelHub.Tests.Shared;

/// <summary>A control group of little memory, of either version: what only root may make, and only where it may be written to.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private readonly string _folder;
    private readonly bool _isFirst = Directory.Exists(Root + "/memory");

    public MemoryGroup(long bytes)
    {
        _folder = Path.Combine(_isFirst ? Root + "/memory" : Root, "mh-test-" + Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(_folder);
        File.WriteAllText(Path.Combine(_folder, _isFirst ? "memory.limit_in_bytes" : "memory.max"), bytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The file that a process writes its number into to be in it.</summary>
    public string Processes => Path.Combine(_folder, "cgroup.procs");

    /// <summary>Once its processes are gone, which takes the kernel a moment.</summary>
    public void Dispose()
    {
        for (var i = 0; ; i++)
        {
            try
            {
                Directory.Delete(_folder);
                return;
            }
            catch (IOException) when (i < 100)
            {
                Thread.Sleep(100);
            }
        }
    }
}

/// <summary>Skipped where nobody may make such a group.</summary>
public sealed class MemoryGroupFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> CanMake = new(() =>
    {
        try
        {
            using var group = new MemoryGroup(64 << 20);
            return File.Exists(group.Processes);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });

    public MemoryGroupFactAttribute() => Skip = CanMake.Value ? null : "Only root may make the control group of little memory that this test runs in.";
}
