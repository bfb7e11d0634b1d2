using System.Text.Json;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Environments;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>Custom models, versions, environments and datasets in the dialect's words.</summary>
internal static class CustomModelMapping
{
    public static object ToWire(CustomModelView view)
    {
        var (m, target, runtime) = (view.Model, view.Model.Target, view.Model.Runtime);
        var isBinary = m.TargetType == TargetType.Binary;
        return new
        {
            id = HubId.ToHex(m.Id),
            name = m.Name,
            description = m.Description,
            language = m.Language,
            customModelType = VendorWords.Of(m.Type),
            targetType = m.TargetType.ToString(),
            targetName = target.Name,
            supportsBinaryClassification = isBinary,
            supportsRegression = m.TargetType == TargetType.Regression,
            supportsAnomalyDetection = m.TargetType == TargetType.Anomaly,
            positiveClassLabel = isBinary ? target.PositiveClass ?? "1" : null,
            negativeClassLabel = isBinary ? target.NegativeClass ?? "0" : null,
            classLabels = m.TargetType == TargetType.Multiclass ? target.Classes : null,
            predictionThreshold = target.Threshold,
            calibratePredictions = target.Calibrated,
            userProvidedId = m.UserProvidedId,
            deploymentsCount = view.Deployments,
            created = VendorJson.Time(m.CreatedAt),
            createdBy = view.CreatedBy,
            updated = VendorJson.Time(m.UpdatedAt),
            latestVersion = view.Latest is { } latest ? ToWire(latest) : null,
            template = m.TemplateId is { } template ? new { templateId = HubId.ToHex(template), modelType = "invalid" } : null,
            gitModelVersion = ToWire(m.Git),
            isTrainingDataForVersionsPermanentlyEnabled = m.TrainingDataOfVersions,
            trainingDataAssignmentInProgress = false,
            trainingDatasetId = Hex(m.TrainingData?.DatasetId),
            trainingDatasetVersionId = Hex(m.TrainingData?.DatasetVersionId),
            trainingDataFileName = m.TrainingData?.DatasetName,
            trainingDataPartitionColumn = m.TrainingData?.PartitionColumn,
            maximumMemory = runtime.MaximumMemory,
            desiredMemory = (long?)null,
            replicas = runtime.Replicas,
            networkEgressPolicy = VendorWords.Of(runtime.Network),
            requiresHa = runtime.RequiresHa,
            resourceBundleId = Hex(runtime.BundleId),
            playgroundId = (string?)null,
        };
    }

    public static object ToWire(CustomModelVersionView view)
    {
        var v = view.Version;
        return new
        {
            id = HubId.ToHex(v.Id),
            customModelId = HubId.ToHex(v.ModelId),
            label = v.Label,
            versionMajor = v.Major,
            versionMinor = v.Minor,
            description = v.Description,
            created = VendorJson.Time(v.CreatedAt),
            isFrozen = view.IsFrozen,
            items = v.Files.OrderBy(f => f.Ordinal).Select(f => ToWire(f, v.ModelId)),
            dependencies = v.Dependencies.Select(ToWire),
            baseEnvironmentId = Hex(v.EnvironmentId),
            baseEnvironmentVersionId = Hex(v.EnvironmentVersionId),
            maximumMemory = v.Runtime.MaximumMemory,
            desiredMemory = (long?)null,
            replicas = v.Runtime.Replicas,
            networkEgressPolicy = VendorWords.Of(v.Runtime.Network),
            requiresHa = v.Runtime.RequiresHa,
            resourceBundleId = Hex(v.Runtime.BundleId),
            gitModelVersion = ToWire(v.Git),
            trainingData = v.TrainingData is not { } training ? null : new
            {
                datasetId = HubId.ToHex(training.DatasetId), datasetVersionId = HubId.ToHex(training.DatasetVersionId), datasetName = training.DatasetName,
                assignmentInProgress = false, assignmentError = (object?)null,
            },
            holdoutData = v.HoldoutData is not { } holdout ? null : new
            {
                datasetId = HubId.ToHex(holdout.DatasetId), datasetVersionId = HubId.ToHex(holdout.DatasetVersionId), datasetName = holdout.DatasetName,
                partitionColumn = holdout.PartitionColumn,
            },
            requiredMetadata = v.Metadata.DistinctBy(m => m.FieldName).ToDictionary(m => m.FieldName, m => m.Value),
            requiredMetadataValues = v.Metadata.Select(m => new { fieldName = m.FieldName, value = m.Value }),
        };
    }

    public static object ToWire(SharedWith shared) => new
    {
        userId = HubId.ToHex(shared.UserId), username = shared.Username, role = VendorWords.Of(shared.Role), canShare = shared.CanShare,
    };

    public static object ToWire(EnvironmentView view) => new
    {
        id = HubId.ToHex(view.Environment.Id),
        name = view.Environment.Name,
        description = view.Environment.Description,
        programmingLanguage = view.Environment.Language,
        useCases = view.Environment.UseCases,
        isPublic = view.Environment.IsPublic,
        created = VendorJson.Time(view.Environment.CreatedAt),
        username = view.Username,
        deploymentsCount = view.Deployments,
        latestVersion = view.Latest is { } latest ? ToWire(latest) : null,
        latestSuccessfulVersion = view.LatestSuccessful is { } good ? ToWire(good) : null,
    };

    public static object ToWire(EnvironmentVersion v) => new
    {
        id = HubId.ToHex(v.Id),
        environmentId = HubId.ToHex(v.EnvironmentId),
        label = v.Label,
        description = v.Description,
        buildStatus = VendorWords.Of(v.BuildStatus),
        buildId = Hex(v.BuildId),
        created = VendorJson.Time(v.CreatedAt),
        dockerContext = v.ContextName,
        dockerContextSize = v.ContextSize,
        dockerImage = v.ImageName,
        dockerImageSize = v.ImageSize,
        imageId = HubId.ToHex(v.ImageId),
        sourceDockerImageUri = v.ImageUri,
    };

    public static object ToWire(CatalogItem item) => new
    {
        datasetId = HubId.ToHex(item.Dataset.Id),
        versionId = HubId.ToHex(item.Version.Id),
        name = item.Dataset.Name,
        categories = (string[])["TRAINING", "PREDICTION"],
        creationDate = VendorJson.Time(item.Version.CreatedAt),
        createdBy = item.CreatedBy,
        isDataEngineEligible = false,
        isLatestVersion = item.IsLatest,
        isSnapshot = true,
        processingState = "COMPLETED",
        datasetSize = item.Size,
        rowCount = item.Version.RowCount,
    };

    public static GitOrigin? GitOf(RequestFields fields) => fields.Json("gitModelVersion") is not { } git ? null : new GitOrigin(
        Member(git, "commitUrl"), Member(git, "mainBranchCommitSha"), Member(git, "pullRequestCommitSha"), Member(git, "refName"));

    private static string? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static object ToWire(CustomModelFile f, Guid modelId) => new
    {
        id = HubId.ToHex(f.Id),
        fileName = f.Path[(f.Path.LastIndexOf('/') + 1)..],
        filePath = f.Path,
        fileSource = f.Origin is null ? "upload" : "repository",
        created = VendorJson.Time(f.CreatedAt),
        storagePath = f.Sha256,
        workspaceId = HubId.ToHex(modelId),
        commitSha = f.Origin?.CommitSha,
        @ref = f.Origin?.Ref,
        repositoryFilePath = f.Origin?.FilePath,
        repositoryLocation = f.Origin?.RepositoryLocation,
        repositoryName = f.Origin?.RepositoryName,
    };

    private static object ToWire(Dependency d) => new
    {
        packageName = d.PackageName, extras = d.Extras, line = d.Line, lineNumber = d.LineNumber,
        constraints = d.Bounds.Select(b => new { constraintType = b.Operator, version = b.Version }),
    };

    private static object? ToWire(GitOrigin? git) => git is null ? null : new
    {
        commitUrl = git.CommitUrl, mainBranchCommitSha = git.MainBranchCommitSha, pullRequestCommitSha = git.PullRequestCommitSha, refName = git.RefName,
    };

    private static string? Hex(Guid? id) => id is { } value ? HubId.ToHex(value) : null;
}
