using ModelHub.Application.Identity;

namespace ModelHub.Application.Datasets;

/// <summary>A named table of a project. Its data lies in parts, columnar files that are only ever added; a version is a run of parts.</summary>
public sealed class Dataset
{
    private Dataset()
    {
    }

    public Dataset(Guid projectId, string name, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        ProjectId = projectId;
        Name = name;
        CreatedBy = createdBy;
        CreatedAt = now;
    }

    public Guid Id { get; private set; }

    public Guid ProjectId { get; private set; }

    public string Name { get; private set; } = "";

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>"dense" or "sparse" for a collection of vectors, null for a table.</summary>
    public string? VectorType { get; private set; }

    /// <summary>Dimension of the vectors; null for a table.</summary>
    public int? VectorDim { get; private set; }

    /// <summary>The newest version; null while nothing was added.</summary>
    public Guid? LatestVersionId { get; private set; }

    public void HoldVectors(string type, int dim)
    {
        VectorType = type;
        VectorDim = dim;
    }

    public void Point(DatasetVersion version) => LatestVersionId = version.Id;
}

/// <summary>An immutable state of a dataset: its parts from <see cref="FirstPart"/> to <see cref="LastPart"/>.</summary>
public sealed class DatasetVersion
{
    private DatasetVersion()
    {
    }

    public DatasetVersion(Guid datasetId, int number, int firstPart, int lastPart, long rowCount, string schema, string contentHash, DateTimeOffset now)
    {
        Id = HubId.New(now);
        DatasetId = datasetId;
        Number = number;
        FirstPart = firstPart;
        LastPart = lastPart;
        RowCount = rowCount;
        Schema = schema;
        ContentHash = contentHash;
        CreatedAt = now;
    }

    public Guid Id { get; private set; }

    public Guid DatasetId { get; private set; }

    /// <summary>1, 2, ... within the dataset.</summary>
    public int Number { get; private set; }

    public int FirstPart { get; private set; }

    public int LastPart { get; private set; }

    public long RowCount { get; private set; }

    /// <summary>Columns with kinds and statistics, as JSON.</summary>
    public string Schema { get; private set; } = "[]";

    /// <summary>SHA-256 over the parts' hashes.</summary>
    public string ContentHash { get; private set; } = "";

    public DateTimeOffset CreatedAt { get; private set; }
}

public sealed class DatasetPart
{
    private DatasetPart()
    {
    }

    public DatasetPart(Guid datasetId, int number, string artifactSha256, long rowCount, long size)
    {
        DatasetId = datasetId;
        Number = number;
        ArtifactSha256 = artifactSha256;
        RowCount = rowCount;
        Size = size;
    }

    public Guid DatasetId { get; private set; }

    public int Number { get; private set; }

    public string ArtifactSha256 { get; private set; } = "";

    public long RowCount { get; private set; }

    public long Size { get; private set; }
}
