using System.Globalization;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.CustomModels;

/// <summary>An immutable set of files with the environment that they run in.</summary>
public sealed class CustomModelVersion
{
    public const string ServerScript = "start_server.sh";
    public const string Hooks = "custom.py";

    private CustomModelVersion()
    {
    }

    public CustomModelVersion(Guid modelId, int major, int minor, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (ModelId, Major, Minor, CreatedBy, CreatedAt) = (modelId, major, minor, createdBy, now);
    }

    public Guid Id { get; private set; }

    /// <summary>The number by which the registry knows it.</summary>
    public long Number { get; private set; }

    public Guid ModelId { get; private set; }

    public int Major { get; private set; }

    public int Minor { get; private set; }

    public string Label => string.Create(CultureInfo.InvariantCulture, $"v{Major}.{Minor}");

    public string? Description { get; private set; }

    public Guid? EnvironmentId { get; private set; }

    public Guid? EnvironmentVersionId { get; private set; }

    public CustomModelRuntime Runtime { get; private set; } = new();

    public TrainingData? TrainingData { get; private set; }

    public TrainingData? HoldoutData { get; private set; }

    public GitOrigin? Git { get; private set; }

    public IReadOnlyList<Dependency> Dependencies { get; private set; } = [];

    public IReadOnlyList<MetadataValue> Metadata { get; private set; } = [];

    /// <summary>Set when it was deployed or packaged; its files are kept for good.</summary>
    public DateTimeOffset? FrozenAt { get; private set; }

    /// <summary>What a known model file is, in the registry's words (onnx, xgboost, …); null tells by the files.</summary>
    public string? Framework { get; private set; }

    /// <summary>How the registry was asked to convert the upload: a JSON object, or null.</summary>
    public string? Conversion { get; private set; }

    /// <summary>SHA-256 of the file as it was uploaded, where it was one file.</summary>
    public string? UploadSha256 { get; private set; }

    public VersionStatus Status { get; private set; }

    /// <summary>Why it is in error.</summary>
    public string? ErrorSummary { get; private set; }

    /// <summary>What a vendor wants to see again and means nothing to us: a JSON object.</summary>
    public string Extra { get; private set; } = "{}";

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? UpdatedAt { get; private set; }

    /// <summary>In the order in which they were given.</summary>
    public List<CustomModelFile> Files { get; private set; } = [];

    /// <summary>Whether it brings code to run, a server or hooks; the files have to be loaded.</summary>
    public bool HasCode => Files.Exists(f => f.Path is ServerScript or Hooks);

    public void RunIn(Guid? environmentId, Guid? environmentVersionId, CustomModelRuntime runtime)
    {
        runtime.Check();
        (EnvironmentId, EnvironmentVersionId, Runtime) = (environmentId, environmentVersionId, runtime);
    }

    public void Describe(string? description, GitOrigin? git, IReadOnlyList<MetadataValue> metadata, DateTimeOffset now) =>
        (Description, Git, Metadata, UpdatedAt) = (description, git, metadata, now);

    public void Need(IReadOnlyList<Dependency> dependencies) => Dependencies = dependencies;

    public void LearnFrom(TrainingData? training, TrainingData? holdout) => (TrainingData, HoldoutData) = (training, holdout);

    public void Remember(string extra) => Extra = extra;

    public void Freeze(DateTimeOffset now) => FrozenAt ??= now;

    /// <summary>What the registry knows of the upload.</summary>
    public void Upload(string? framework, string? conversion, string? sha256, VersionStatus status) =>
        (Framework, Conversion, UploadSha256, Status) = (framework, conversion, sha256, status);

    /// <summary>Takes a further step towards being usable; what has ended stays.</summary>
    public void Proceed(VersionStatus status)
    {
        if (Status is VersionStatus.Ready or VersionStatus.Error)
            throw new ModelHubException(ErrorKind.WrongState, "version_ended", $"The version is {Status.ToString().ToLowerInvariant()} already.");
        Status = status;
    }

    public void Fail(string summary)
    {
        Proceed(VersionStatus.Error);
        ErrorSummary = summary;
    }

    public void Add(CustomModelFile file) => Files.Add(file);
}

/// <summary>One file of a version.</summary>
public sealed class CustomModelFile
{
    private CustomModelFile()
    {
    }

    public CustomModelFile(Guid versionId, int ordinal, string path, string sha256, long size, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (VersionId, Ordinal, Path, Sha256, Size, CreatedAt) = (versionId, ordinal, path, sha256, size, now);
    }

    public Guid Id { get; private set; }

    public Guid VersionId { get; private set; }

    public int Ordinal { get; private set; }

    /// <summary>Relative, with forward slashes; unique in the version.</summary>
    public string Path { get; private set; } = "";

    /// <summary>The artifact that holds the bytes.</summary>
    public string Sha256 { get; private set; } = "";

    public long Size { get; private set; }

    /// <summary>The repository that it came from, if it did.</summary>
    public FileOrigin? Origin { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public void ComeFrom(FileOrigin? origin) => Origin = origin;
}

/// <summary>Where in a repository a file was found.</summary>
public sealed record FileOrigin(string RepositoryName, string RepositoryLocation, string FilePath, string Ref, string CommitSha);
