using System.Text.Json;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.Errors;
using ModelHub.Application.Pipelines;

namespace ModelHub.Api.Dialects.Registry;

internal static class PipelineMapping
{
    private const string Running = "Running";

    /// <exception cref="ModelHubException">It is no definition that runs here.</exception>
    public static WantedDefinition ToDefinition(JsonElement? definition)
    {
        if (definition is not { ValueKind: not JsonValueKind.Null } given)
            return new WantedDefinition([]);
        if (given.ValueKind != JsonValueKind.Object)
            throw Wrong("'definition' is an object.");
        if (!given.TryGetProperty("steps", out var steps) || steps.ValueKind == JsonValueKind.Null)
            return new WantedDefinition([]);
        if (steps.ValueKind != JsonValueKind.Array || steps.GetArrayLength() > 1)
            throw Wrong("'steps' is a list of one step: a pipeline here runs one model, or one split among several.");
        return steps.GetArrayLength() == 0 ? new WantedDefinition([]) : ToStep(steps[0]);
    }

    private static WantedDefinition ToStep(JsonElement step)
    {
        if (step.ValueKind == JsonValueKind.Object && step.TryGetProperty("ModelInference", out var inference))
        {
            return Member(inference, "models", JsonValueKind.Array) is var models && models.GetArrayLength() == 1
                ? new WantedDefinition([ToModel(models[0], 1)]) : throw Wrong("A step 'ModelInference' has one model.");
        }
        if (step.ValueKind != JsonValueKind.Object || !step.TryGetProperty("RandomSplit", out var split))
            throw Wrong("A step is a 'ModelInference' or a 'RandomSplit'.");
        var shares = Member(split, "weights", JsonValueKind.Array).EnumerateArray().Select(share =>
            ToModel(Member(share, "model", JsonValueKind.Object), Member(share, "weight", JsonValueKind.Number).GetDouble())).ToList();
        if (shares.Count == 0)
            throw Wrong("A split is among one model at least.");
        var key = split.TryGetProperty("hash_key", out var named) ? named : default;
        return key.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? new WantedDefinition(shares)
            : key.ValueKind == JsonValueKind.String ? new WantedDefinition(shares, key.GetString()) : throw Wrong("'hash_key' is a text.");
    }

    public static WantedDefinition ToDefinition(DeployPipelineRequest request)
    {
        List<NamedModel> models =
        [
            .. (request.Models ?? []).Select(m => new NamedModel(m.Name, VersionOf(m.Version), m.Sha)),
            .. (request.ModelIds ?? [])
                .Select(n => new NamedModel(null, n.ToString(System.Globalization.CultureInfo.InvariantCulture), null)),
        ];
        return models.Count <= 1 ? new WantedDefinition(models)
            : throw ModelHubException.Invalid("models", "Several models are a split: give their weights in the pipeline's definition.");
    }

    public static CreatePipelineAnswer ToAnswer(Pipeline pipeline, PipelineVersion version) => new()
    {
        PipelinePkId = pipeline.Number, PipelineVariantPkId = version.Number, PipelineVariantVersion = version.Id.ToString(),
    };

    public static PipelineWire ToWire(Pipeline pipeline) => new()
    {
        Id = pipeline.Number,
        PipelineId = pipeline.Name,
        CreatedAt = pipeline.CreatedAt,
        UpdatedAt = pipeline.UpdatedAt,
        Versions =
        [
            .. pipeline.Versions.OrderByDescending(v => v.Number).Select(v => new PipelineVersionWire
            {
                Id = v.Number, Version = v.Id.ToString(), Models = [.. v.Definition.Models.Select(ToWire)],
            }),
        ],
        Deployed = pipeline.DeploymentId is not null,
        DeploymentId = pipeline.DeploymentId is null ? null : pipeline.DeploymentNumber,
    };

    public static DeploymentStatusWire ToStatus(Pipeline pipeline)
    {
        var status = pipeline.DeploymentId is null ? "Stopped" : Running;
        var models = pipeline.Versions.Find(v => v.Id == pipeline.DeployedVersionId)?.Definition.Models ?? [];
        var engine = new EngineWire
        {
            Ip = "127.0.0.1",
            Name = "modelhub",
            Status = status,
            PipelineStatuses = new PipelineStatusesWire { Pipelines = [new PipelineStatusWire { Id = pipeline.Name, Status = status }] },
            ModelStatuses = new ModelStatusesWire
            {
                Models = [
                    .. models.Select(m =>
                        new ModelStatusWire { Name = m.Name, Version = m.ModelId.ToString(), Sha = m.Sha256, Status = status })],
            },
        };
        return new DeploymentStatusWire { Status = status, Engines = status == Running ? [engine] : [] };
    }

    private static PipelineShareWire ToWire(PipelineShare share) =>
        new() { Name = share.Name, Version = share.ModelId.ToString(), Sha = share.Sha256, Weight = share.Weight };

    private static NamedModel ToModel(JsonElement model, double weight)
    {
        var name = Member(model, "name", JsonValueKind.String).GetString();
        var version = VersionOf(model.TryGetProperty("version", out var given) ? given : null);
        return new NamedModel(name, version, model.TryGetProperty("sha", out var sha) && sha.ValueKind == JsonValueKind.String
            ? sha.GetString() : null, weight);
    }

    private static string? VersionOf(JsonElement? version) => version switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.Undefined } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => throw Wrong("'version' is a version's UUID or number."),
    };

    private static JsonElement Member(JsonElement parent, string name, JsonValueKind kind) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var member) && member.ValueKind == kind
            ? member : throw Wrong($"'{name}' is missing, or of another kind.");

    private static ModelHubException Wrong(string message) => ModelHubException.Invalid("definition", message);
}
