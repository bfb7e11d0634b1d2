using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Deployments;

/// <summary>A deployment as requests see it: loaded models and settings of one revision. Immutable.</summary>
public sealed class ServedDeployment
{
    private readonly IReadOnlyDictionary<Guid, LoadedModel> _models;
    private readonly (LoadedModel Model, double Weight)[] _variants;
    private readonly LoadedModel? _canary;
    private readonly CanaryPlan? _canaryPlan;

    /// <param name="models">Of every model that serves, held for this.</param>
    internal ServedDeployment(Deployment deployment, IReadOnlyDictionary<Guid, LoadedModel> models, DateTimeOffset readAt)
    {
        (Id, ProjectId, Name, Status, Settings, Revision, ReadAt) =
            (deployment.Id, deployment.ProjectId, deployment.Name, deployment.Status, deployment.Settings, deployment.Revision, readAt);
        HexId = Identity.HubId.ToHex(deployment.Id);
        _models = models;
        Threshold = deployment.PredictionThreshold;
        Champion = models[deployment.ChampionId];
        _variants = [.. deployment.Models.Where(m => m.Role == ServingRole.Variant).OrderBy(m => m.ModelId).Select(m => (models[m.ModelId], m.Weight))];
        _canary = deployment.Models.Find(m => m.Role == ServingRole.Canary) is { } canary ? models[canary.ModelId] : null;
        _canaryPlan = deployment.Settings.Canary;
        Shadows = [.. deployment.Models.Where(m => m.Role == ServingRole.Shadow).OrderBy(m => m.ModelId).Select(m => models[m.ModelId])];
        Guard = deployment.Settings.Humility is { Count: > 0 } rules ? rules : [];
    }

    public Guid Id { get; }

    /// <summary>Its id as 24 digits.</summary>
    public string HexId { get; }

    public Guid ProjectId { get; }

    public string Name { get; }

    public DeploymentStatus Status { get; }

    public DeploymentSettings Settings { get; }

    public long Revision { get; }

    public DateTimeOffset ReadAt { get; }

    /// <summary>Set on the deployment; null for one half.</summary>
    public double? Threshold { get; }

    public LoadedModel Champion { get; }

    public IReadOnlyList<LoadedModel> Shadows { get; }

    public IReadOnlyList<HumilityRule> Guard { get; }

    /// <summary>Whether requests are shared among several models.</summary>
    public bool IsShared => _variants.Length > 0 || _canary is not null;

    /// <summary>Who answers: by the key, so that one key stays with one model, else by chance.</summary>
    public LoadedModel Choose(string? key, DateTimeOffset now)
    {
        if (!IsShared)
            return Champion;
        var point = (key is null ? Random.Shared.NextDouble() : PointOf(key)) * 100;
        if (_canary is not null && (point -= _canaryPlan?.PercentAt(now) ?? 0) < 0)
            return _canary;
        foreach (var (model, weight) in _variants)
        {
            if ((point -= weight) < 0)
                return model;
        }
        return Champion;
    }

    /// <summary>Another revision serves: the models are held for this one no longer.</summary>
    internal void Release()
    {
        foreach (var model in _models.Values)
            model.Release();
    }

    /// <summary>A key's place in [0, 1), the same everywhere; the deployment is part of it, so that experiments do not share their halves.</summary>
    private double PointOf(string key)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{Id}/{key}"), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash) / (double)(1UL << 63) / 2;
    }
}
