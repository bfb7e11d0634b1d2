using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.Environments;

public enum BuildStatus
{
    Submitted,
    Processing,
    Failed,
    Success,
}

/// <summary>Bytes that an environment version is built from.</summary>
public sealed record BuildInput(string FileName, string Sha256, long Size);

/// <summary>A version of an environment: built once from a Docker context, an image file or an image's address.</summary>
public sealed class EnvironmentVersion
{
    public const int LogLimit = 1 << 20;

    private EnvironmentVersion()
    {
    }

    public EnvironmentVersion(Guid environmentId, string label, string description, Guid createdBy, DateTimeOffset now, Guid? id = null)
    {
        Id = id ?? HubId.New(now);
        ImageId = HubId.New(now);
        (EnvironmentId, Label, Description, CreatedBy, CreatedAt) = (environmentId, label, description, createdBy, now);
    }

    public Guid Id { get; private set; }

    public Guid EnvironmentId { get; private set; }

    public string Label { get; private set; } = "";

    public string Description { get; private set; } = "";

    public string? ContextName { get; private set; }

    public string? ContextSha256 { get; private set; }

    public long? ContextSize { get; private set; }

    public string? ImageName { get; private set; }

    public string? ImageSha256 { get; private set; }

    public long? ImageSize { get; private set; }

    /// <summary>The address of an image to pull.</summary>
    public string? ImageUri { get; private set; }

    public BuildStatus BuildStatus { get; private set; }

    public string BuildLog { get; private set; } = "";

    public string BuildError { get; private set; } = "";

    /// <summary>The job that builds it.</summary>
    public Guid? BuildId { get; private set; }

    public Guid ImageId { get; private set; }

    /// <summary>What the container engine calls the built image; null before, and for the host's own Python.</summary>
    public string? EngineImage { get; private set; }

    public Guid? CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? BuiltAt { get; private set; }

    public void BuildFrom(BuildInput? context, BuildInput? image, string? imageUri)
    {
        (ContextName, ContextSha256, ContextSize) = (context?.FileName, context?.Sha256, context?.Size);
        (ImageName, ImageSha256, ImageSize) = (image?.FileName, image?.Sha256, image?.Size);
        ImageUri = imageUri;
    }

    /// <summary>Keeps the image that was built, so that it can be downloaded and used elsewhere.</summary>
    public void Keep(BuildInput image) => (ImageName, ImageSha256, ImageSize) = (image.FileName, image.Sha256, image.Size);

    public void Queue(Guid jobId) => BuildId = jobId;

    public void Start()
    {
        RequireOpen();
        BuildStatus = BuildStatus.Processing;
    }

    public void Succeed(string? engineImage, string log, DateTimeOffset now)
    {
        RequireOpen();
        (BuildStatus, EngineImage, BuildLog, BuiltAt) = (BuildStatus.Success, engineImage, Bounded(log), now);
    }

    public void Fail(string log, string error, DateTimeOffset now)
    {
        RequireOpen();
        (BuildStatus, BuildLog, BuildError, BuiltAt) = (BuildStatus.Failed, Bounded(log), Bounded(error), now);
    }

    private static string Bounded(string text) => (text.Length <= LogLimit ? text : text[^LogLimit..]).Replace("\0", "", StringComparison.Ordinal);

    private void RequireOpen()
    {
        if (BuildStatus is BuildStatus.Success or BuildStatus.Failed)
            throw new ModelHubException(ErrorKind.WrongState, "build_ended", "The build has ended already.");
    }
}
