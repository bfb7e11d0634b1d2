using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Api.Dialects.OpenInference.Wire;

public sealed record ErrorWire
{
    [JsonPropertyName("error")]
    public string Error { get; init; } = "";
}

public sealed record InferRequest
{
    [JsonPropertyName("id")]
    public string? Id { get; init; }

    [JsonPropertyName("parameters")]
    [MostItems(1000, Within = 1000)]
    public JsonElement? Parameters { get; init; }

    [JsonPropertyName("inputs")]
    [MostItems(TensorMapping.MostTensors, "inputs")]
    public IReadOnlyList<TensorWire>? Inputs { get; init; }

    [JsonPropertyName("outputs")]
    [MostItems(TensorMapping.MostTensors, "outputs")]
    public IReadOnlyList<RequestedOutput>? Outputs { get; init; }
}

public sealed record TensorWire
{
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    [JsonPropertyName("shape")]
    [MostItems(100, "shape")]
    public IReadOnlyList<long>? Shape { get; init; }

    /// <summary>BOOL, UINT8 … FP64 or BYTES.</summary>
    [JsonPropertyName("datatype")]
    public string? Datatype { get; init; }

    /// <summary><c>binary_data_size</c> when the values follow the JSON.</summary>
    [JsonPropertyName("parameters")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [MostItems(1000, Within = 1000)]
    public JsonElement? Parameters { get; init; }

    /// <summary>Flat or nested.</summary>
    [JsonPropertyName("data")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [MostItems(2 * TensorMapping.MostValues, Within = 2 * TensorMapping.MostValues)]
    public JsonElement? Data { get; init; }
}

public sealed record RequestedOutput
{
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary><c>binary_data</c>: whether its values are to follow the JSON.</summary>
    [JsonPropertyName("parameters")]
    [MostItems(1000, Within = 1000)]
    public JsonElement? Parameters { get; init; }
}

public sealed record InferAnswer
{
    [JsonPropertyName("model_name")]
    public required string ModelName { get; init; }

    [JsonPropertyName("model_version")]
    public required string ModelVersion { get; init; }

    [JsonPropertyName("id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    [JsonPropertyName("outputs")]
    public required IReadOnlyList<TensorWire> Outputs { get; init; }
}

public sealed record ServerWire
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("version")]
    public required string Version { get; init; }

    [JsonPropertyName("extensions")]
    public required IReadOnlyList<string> Extensions { get; init; }
}

public sealed record LiveWire
{
    [JsonPropertyName("live")]
    public bool Live { get; init; } = true;
}

public sealed record ReadyWire
{
    [JsonPropertyName("ready")]
    public bool Ready { get; init; } = true;
}

public sealed record ModelReadyWire
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("ready")]
    public bool Ready { get; init; } = true;
}

public sealed record ModelWire
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("versions")]
    public required IReadOnlyList<string> Versions { get; init; }

    [JsonPropertyName("platform")]
    public required string Platform { get; init; }

    [JsonPropertyName("inputs")]
    public required IReadOnlyList<SignatureWire> Inputs { get; init; }

    [JsonPropertyName("outputs")]
    public required IReadOnlyList<SignatureWire> Outputs { get; init; }
}

public sealed record SignatureWire
{
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    [JsonPropertyName("datatype")]
    public required string Datatype { get; init; }

    [JsonPropertyName("shape")]
    public required IReadOnlyList<long> Shape { get; init; }
}
