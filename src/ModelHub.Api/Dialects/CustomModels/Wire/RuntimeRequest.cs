using System.Text.Json.Serialization;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.CustomModels.Wire;

/// <summary>What a model is to have while it is tested: in a test's body, and in the query of tests to list.</summary>
public record RuntimeRequest
{
    [JsonPropertyName("maximumMemory")]
    public long? MaximumMemory { get; init; }

    /// <summary>The old name of maximumMemory.</summary>
    [JsonPropertyName("desiredMemory")]
    public long? DesiredMemory { get; init; }

    /// <summary>NONE or PUBLIC.</summary>
    [JsonPropertyName("networkEgressPolicy")]
    public string? NetworkEgressPolicy { get; init; }

    [JsonPropertyName("replicas")]
    public int? Replicas { get; init; }

    [JsonPropertyName("requiresHa")]
    public bool? RequiresHa { get; init; }

    [JsonPropertyName("resourceBundleId")]
    public string? ResourceBundleId { get; init; }

    internal CustomModelRuntime ToRuntime() => new()
    {
        MaximumMemory = MaximumMemory ?? DesiredMemory, Replicas = Replicas, RequiresHa = RequiresHa,
        BundleId = V2Paging.OptionalId(ResourceBundleId, "resourceBundleId"),
        Network = NetworkEgressPolicy is null ? null : VendorWords.NetworksOfVersions.TryGetValue(NetworkEgressPolicy, out var network) ? network
            : throw ModelHubException.Invalid("networkEgressPolicy", "'networkEgressPolicy' is NONE or PUBLIC."),
    };
}
