namespace ModelHub.Application.Artifacts;

/// <summary>Immutable bytes, named by their SHA-256. A row exists only when the bytes are durable.</summary>
public sealed class Artifact
{
    private Artifact()
    {
    }

    public Artifact(string sha256, long size, DateTimeOffset now)
    {
        Sha256 = sha256;
        Size = size;
        CreatedAt = now;
    }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Sha256 { get; private set; } = "";

    public long Size { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
}
