namespace ModelHub.Infrastructure.Containers;

/// <summary>
/// Whose a container is: each process of the hub holds a lock file in the data folder, and its containers bear the file's name. However a process
/// ends, the kernel lets go of its lock, and whoever can take it then knows that what bears the name is nobody's any more.
/// </summary>
internal sealed class ContainerOwner(InfrastructureOptions options) : IDisposable
{
    public const string Label = "modelhub.owner";
    private readonly string _folder = Path.Combine(options.DataFolder, "containers");
    private readonly Lock _gate = new();
    private FileStream? _held;

    /// <summary>This process's name; from then on it is held.</summary>
    public string Name
    {
        get
        {
            lock (_gate)
            {
                if (_held is null)
                {
                    Directory.CreateDirectory(_folder);
                    _held = new FileStream(Path.Combine(_folder, Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1);
                }
                return Path.GetFileName(_held.Name);
            }
        }
    }

    public bool IsHeld => _held is not null;

    /// <summary>Nothing bears this process's name any more.</summary>
    public void Forget() => File.Delete(_held!.Name);

    /// <summary>Names of processes that ended without cleaning up; each is held until it is disposed.</summary>
    public IEnumerable<DeadOwner> Dead()
    {
        if (!Directory.Exists(_folder))
            yield break;
        foreach (var path in Directory.GetFiles(_folder))
        {
            if (DeadOwner.TryTake(path) is { } dead)
                yield return dead;
        }
    }

    public void Dispose() => _held?.Dispose();
}

/// <summary>The name of a process that is no more, held so that nobody else cleans up after it at the same time.</summary>
internal sealed class DeadOwner : IDisposable
{
    private readonly FileStream _held;

    private DeadOwner(FileStream held) => _held = held;

    public string Name => Path.GetFileName(_held.Name);

    public static DeadOwner? TryTake(string path)
    {
        try
        {
            return new DeadOwner(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1));
        }
        catch (IOException)
        {
            // Its process lives, or somebody else cleans up.
            return null;
        }
    }

    /// <summary>Nothing bears the name any more.</summary>
    public void Forget() => File.Delete(_held.Name);

    public void Dispose() => _held.Dispose();
}
