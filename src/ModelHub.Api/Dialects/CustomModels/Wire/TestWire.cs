using System.Text.Json;
using System.Text.Json.Serialization;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Wire;

public sealed record NamedV2([property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("name")] string Name);

public sealed record LabelledV2([property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("label")] string Label);

public sealed record TestResultV2([property: JsonPropertyName("status")] string Status, [property: JsonPropertyName("message")] string Message);

public sealed record MessageV2([property: JsonPropertyName("message")] string Message);

public sealed record StatusIdV2([property: JsonPropertyName("statusId")] string StatusId);

public sealed record LogTailV2([property: JsonPropertyName("log")] string Log);

public sealed record TestRequest : RuntimeRequest
{
    [JsonPropertyName("customModelId")]
    public string? CustomModelId { get; init; }

    [JsonPropertyName("customModelVersionId")]
    public string? CustomModelVersionId { get; init; }

    [JsonPropertyName("datasetId")]
    public string? DatasetId { get; init; }

    [JsonPropertyName("datasetVersionId")]
    public string? DatasetVersionId { get; init; }

    [JsonPropertyName("configuration")]
    public IReadOnlyDictionary<string, JsonElement>? Configuration { get; init; }

    internal NewTest ToCommand() => new(
        Needed(CustomModelId, "customModelId"), Needed(CustomModelVersionId, "customModelVersionId"), Needed(DatasetId, "datasetId"),
        V2Paging.OptionalId(DatasetVersionId, "datasetVersionId"),
        ToRuntime(),
        (Configuration ?? new Dictionary<string, JsonElement>()).Where(c => TestChecks.All.Contains(c.Key)).ToDictionary(c => c.Key, c => Mode(c.Key, c.Value)),
        TestSettings.Of(Configuration));

    private static TestMode Mode(string check, JsonElement value) => (check, value.ValueKind == JsonValueKind.String ? value.GetString() : null) switch
    {
        (_, "fail") => TestMode.Fail,
        (TestChecks.NullValues or TestChecks.SideEffects, "warn") => TestMode.Warn,
        (not TestChecks.LongRunning, "skip") => TestMode.Skip,
        _ => throw ModelHubException.Invalid($"configuration.{check}", $"'{check}' is fail{(check is TestChecks.NullValues or TestChecks.SideEffects ? ", warn or skip"
            : check == TestChecks.Error ? " or skip" : "")}."),
    };

    private static Guid Needed(string? text, string field) =>
        V2Paging.OptionalId(text, field) ?? throw ModelHubException.Invalid(field, $"'{field}' is needed.");
}

public sealed record TestV2
{
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    [JsonPropertyName("customModel")]
    public required NamedV2 CustomModel { get; init; }

    [JsonPropertyName("customModelVersion")]
    public required LabelledV2 CustomModelVersion { get; init; }

    [JsonPropertyName("executionEnvironment")]
    public required NamedV2 ExecutionEnvironment { get; init; }

    [JsonPropertyName("executionEnvironmentVersion")]
    public required LabelledV2 ExecutionEnvironmentVersion { get; init; }

    [JsonPropertyName("datasetId")]
    public required string DatasetId { get; init; }

    [JsonPropertyName("datasetVersionId")]
    public required string DatasetVersionId { get; init; }

    [JsonPropertyName("customModelImageId")]
    public required string CustomModelImageId { get; init; }

    [JsonPropertyName("imageType")]
    public string ImageType { get; init; } = "customModelVersion";

    [JsonPropertyName("overallStatus")]
    public required string OverallStatus { get; init; }

    [JsonPropertyName("testingStatus")]
    public required IReadOnlyDictionary<string, TestResultV2> TestingStatus { get; init; }

    [JsonPropertyName("maximumMemory")]
    public required long? MaximumMemory { get; init; }

    [JsonPropertyName("desiredMemory")]
    public required long? DesiredMemory { get; init; }

    [JsonPropertyName("networkEgressPolicy")]
    public required string? NetworkEgressPolicy { get; init; }

    [JsonPropertyName("replicas")]
    public required int? Replicas { get; init; }

    [JsonPropertyName("requiresHa")]
    public required bool? RequiresHa { get; init; }

    [JsonPropertyName("resourceBundleId")]
    public required string? ResourceBundleId { get; init; }

    [JsonPropertyName("created")]
    public required DateTimeOffset Created { get; init; }

    [JsonPropertyName("createdBy")]
    public required string CreatedBy { get; init; }

    [JsonPropertyName("completedAt")]
    public required DateTimeOffset? CompletedAt { get; init; }

    public static TestV2 Of(TestView view) => new()
    {
        Id = HubId.ToHex(view.Test.Id),
        CustomModel = new NamedV2(HubId.ToHex(view.Model.Id), view.Model.Name),
        CustomModelVersion = new LabelledV2(HubId.ToHex(view.Version.Id), view.Version.Label),
        ExecutionEnvironment = new NamedV2(HubId.ToHex(view.Environment.Id), view.Environment.Name),
        ExecutionEnvironmentVersion = new LabelledV2(HubId.ToHex(view.EnvironmentVersionId), view.EnvironmentVersionLabel),
        DatasetId = HubId.ToHex(view.DatasetId),
        DatasetVersionId = HubId.ToHex(view.Test.DatasetVersionId),
        CustomModelImageId = HubId.ToHex(view.Test.ImageId),
        OverallStatus = Word(view.Test.Status),
        TestingStatus = view.Test.Results.ToDictionary(r => r.Key, r => new TestResultV2(Word(r.Value.Status), r.Value.Message)),
        MaximumMemory = view.Test.Runtime.MaximumMemory,
        DesiredMemory = view.Test.Runtime.MaximumMemory,
        NetworkEgressPolicy = view.Test.Runtime.Network is { } network ? network == NetworkPolicy.Public ? "PUBLIC" : "NONE" : null,
        Replicas = view.Test.Runtime.Replicas,
        RequiresHa = view.Test.Runtime.RequiresHa,
        ResourceBundleId = view.Test.Runtime.BundleId is { } bundle ? HubId.ToHex(bundle) : null,
        Created = view.Test.CreatedAt,
        CreatedBy = view.CreatedBy,
        CompletedAt = view.Test.CompletedAt,
    };

    private static string Word(TestStatus status) => status switch
    {
        TestStatus.Queued => "queued",
        TestStatus.InProgress => "in_progress",
        TestStatus.Succeeded => "succeeded",
        TestStatus.Warning => "warning",
        TestStatus.Failed => "failed",
        TestStatus.Canceled => "canceled",
        TestStatus.Aborted => "aborted",
        TestStatus.Skipped => "skipped",
        TestStatus.NotTested => "not_tested",
    };
}
