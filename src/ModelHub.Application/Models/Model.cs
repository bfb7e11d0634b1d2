using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.Models;

/// <summary>One trained, immutable entry of a leaderboard; an entry that failed has a reason and no artifact.</summary>
public sealed class Model : IListed
{
    private Model()
    {
    }

    public Model(Guid projectId, Guid experimentId, string name, string algorithm, string task, DateTimeOffset now)
    {
        Id = HubId.New(now);
        ProjectId = projectId;
        ExperimentId = experimentId;
        Name = name;
        Algorithm = algorithm;
        Task = task;
        CreatedAt = now;
    }

    public Guid Id { get; private set; }

    /// <summary>The number by which the registry knows it as a model.</summary>
    public long Number { get; private set; }

    /// <summary>The number by which the registry knows it as that model's only version.</summary>
    public long VersionNumber { get; private set; }

    public Guid ProjectId { get; private set; }

    public Guid ExperimentId { get; private set; }

    public string Name { get; private set; } = "";

    public string Algorithm { get; private set; } = "";

    /// <summary>binary, multiclass or regression.</summary>
    public string Task { get; private set; } = "";

    public bool IsBest { get; private set; }

    public string? ArtifactSha256 { get; private set; }

    public long SizeBytes { get; private set; }

    public double TrainSeconds { get; private set; }

    public double MicrosPerRow { get; private set; }

    public string? FailureReason { get; private set; }

    /// <summary>Scalar metrics by name, from out-of-fold (or validation) predictions.</summary>
    public Dictionary<string, double> Metrics { get; private set; } = [];

    /// <summary>Scores per fold of the metric that was optimised.</summary>
    public double[] FoldScores { get; private set; } = [];

    /// <summary>Where deployments of this model draw the line between the classes, unless they say themselves; null for the usual one half.</summary>
    public double? PredictionThreshold { get; private set; }

    /// <summary>Name → {default, actual}, as JSON.</summary>
    public string Parameters { get; private set; } = "{}";

    /// <summary>Confusion matrix, curves, importance, scoring history: what explaining shows, as JSON.</summary>
    public string Report { get; private set; } = "{}";

    /// <summary>Where an imported model came from, as JSON; null for one that was trained here.</summary>
    public string? Lineage { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public void Trained(string artifactSha256, long sizeBytes, double trainSeconds, double microsPerRow)
    {
        ArtifactSha256 = artifactSha256;
        SizeBytes = sizeBytes;
        TrainSeconds = trainSeconds;
        MicrosPerRow = microsPerRow;
    }

    public void Describe(Dictionary<string, double> metrics, double[] foldScores, string parameters, string report)
    {
        Metrics = metrics;
        FoldScores = foldScores;
        Parameters = parameters;
        Report = report;
    }

    public void Failed(string reason, double trainSeconds)
    {
        FailureReason = reason;
        TrainSeconds = trainSeconds;
    }

    public void ImportedWith(string lineage) => Lineage = lineage;

    public void DrawLineAt(double threshold) => PredictionThreshold = threshold;

    public void Crown(bool isBest) => IsBest = isBest;

    /// <exception cref="ModelHubException">It was never trained; the reason is told.</exception>
    public string RequireArtifact() => RequireArtifact(ArtifactSha256, FailureReason);

    internal static string RequireArtifact(string? sha256, string? failure) => sha256
        ?? throw new ModelHubException(ErrorKind.WrongState, "model_failed", $"This model was not trained: {failure}");
}
