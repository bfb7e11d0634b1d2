using ModelHub.Application.Errors;
using ModelHub.Engine.Data;

namespace ModelHub.Application.CustomModels;

/// <summary>What a custom model predicts, in words of its data.</summary>
public sealed record CustomModelTarget
{
    public string? Name { get; init; }

    /// <summary>Of a binary model.</summary>
    public string? PositiveClass { get; init; }

    public string? NegativeClass { get; init; }

    /// <summary>Of a multiclass model.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Where a binary model's classes part, 0..1.</summary>
    public double Threshold { get; init; } = 0.5;

    public bool Calibrated { get; init; } = true;

    /// <summary>The target type of a model file that says what its task is.</summary>
    internal static TargetType TypeOf(TaskKind task) => task switch
    {
        TaskKind.Binary => TargetType.Binary, TaskKind.Multiclass => TargetType.Multiclass, TaskKind.Regression => TargetType.Regression,
    };

    /// <exception cref="ModelHubException">Something is missing or contradicts the target type.</exception>
    public void Check(TargetType type)
    {
        if (Name is null && type is TargetType.Binary or TargetType.Regression or TargetType.Multiclass or TargetType.TextGeneration)
            throw ModelHubException.Invalid("targetName", $"A model with target type {type} needs 'targetName'.");
        if (Threshold is < 0 or > 1 or double.NaN)
            throw ModelHubException.Invalid("predictionThreshold", "'predictionThreshold' is 0 to 1.");
        if (PositiveClass is null != NegativeClass is null)
            throw ModelHubException.Invalid(PositiveClass is null ? "positiveClassLabel" : "negativeClassLabel", "Both class labels are needed, or none.");
        if (type == TargetType.Binary && PositiveClass == NegativeClass)
            throw ModelHubException.Invalid("positiveClassLabel", "The two class labels must differ.");
        if (type == TargetType.Multiclass && (Classes.Count < 2 || Classes.Distinct(StringComparer.Ordinal).Count() != Classes.Count))
            throw ModelHubException.Invalid("classLabels", "A multiclass model needs 'classLabels': at least two, all different.");
    }
}

/// <summary>What a running model may use.</summary>
public sealed record CustomModelRuntime
{
    /// <summary>Bytes; null for the server's default.</summary>
    public long? MaximumMemory { get; init; }

    /// <summary>Processes per version; null for one.</summary>
    public int? Replicas { get; init; }

    /// <summary>Null for none.</summary>
    public NetworkPolicy? Network { get; init; }

    public bool? RequiresHa { get; init; }

    public Guid? BundleId { get; init; }

    public Guid? SecretConfigId { get; init; }

    /// <summary>This, and in place of it what is asked for.</summary>
    public CustomModelRuntime With(CustomModelRuntime asked) => new()
    {
        MaximumMemory = asked.MaximumMemory ?? MaximumMemory,
        Replicas = asked.Replicas ?? Replicas,
        Network = asked.Network ?? Network,
        RequiresHa = asked.RequiresHa ?? RequiresHa,
        BundleId = asked.BundleId ?? BundleId,
        SecretConfigId = asked.SecretConfigId ?? SecretConfigId,
    };

    /// <exception cref="ModelHubException">More is asked for than any server gives.</exception>
    public void Check()
    {
        if (MaximumMemory is < ResourceLimits.LeastMemory or > ResourceLimits.MostMemory)
            throw ModelHubException.Invalid("maximumMemory", $"'maximumMemory' is {ResourceLimits.LeastMemory} to {ResourceLimits.MostMemory} bytes.");
        if (Replicas is < 1 or > ResourceLimits.MostReplicas)
            throw ModelHubException.Invalid("replicas", $"'replicas' is 1 to {ResourceLimits.MostReplicas}.");
    }
}

/// <summary>The dataset that a model learnt from or is held out for it.</summary>
public sealed record TrainingData(Guid DatasetId, Guid DatasetVersionId, string? DatasetName, string? PartitionColumn);

/// <summary>The commit that a model or version was made from.</summary>
public sealed record GitOrigin(string? CommitUrl, string? MainBranchCommitSha, string? PullRequestCommitSha, string? RefName);

/// <summary>A line of requirements.txt.</summary>
/// <param name="Extras">Comma-separated, or null.</param>
/// <param name="LineNumber">From 1.</param>
public sealed record Dependency(string PackageName, string? Extras, IReadOnlyList<DependencyBound> Bounds, string Line, int LineNumber);

/// <summary>One bound on a dependency's version: &lt;, &lt;=, ==, &gt;= or &gt;.</summary>
public sealed record DependencyBound(string Operator, string Version);

/// <summary>A field that an organisation wants filled in.</summary>
public sealed record MetadataValue(string FieldName, string Value);
