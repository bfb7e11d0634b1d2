using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.OpenInference.Wire;
using ModelHub.Api.Errors;
using ModelHub.Application.Errors;
using ModelHub.Application.Tensors;

namespace ModelHub.Api.Dialects.OpenInference.Controllers;

/// <summary>Models and deployments as an inference server shows them.</summary>
[ApiController]
[Route("v2")]
public sealed class InferenceController(TensorService tensors) : ControllerBase
{
    private const string HeaderLength = "Inference-Header-Content-Length";
    private static readonly JsonSerializerOptions Json = new() { MaxDepth = 32 };

    /// <summary>Whether the server answers.</summary>
    [HttpGet("health/live")]
    [AllowAnonymous]
    public LiveWire Live() => new();

    /// <summary>Models are loaded when they are asked for, so a server that answers is ready.</summary>
    [HttpGet("health/ready")]
    [AllowAnonymous]
    public ReadyWire Ready() => new();

    /// <summary>What this server is and can do.</summary>
    [HttpGet("")]
    public ServerWire Server() => new()
    {
        Name = "modelhub", Version = typeof(InferenceController).Assembly.GetName().Version!.ToString(3), Extensions = ["binary_tensor_data"],
    };

    /// <summary>A model by its id, or a deployment by its id or name: what it reads and gives.</summary>
    [HttpGet("models/{name}")]
    [HttpGet("models/{name}/versions/{version}")]
    public async Task<ModelWire> Model(string name, string? version, CancellationToken cancellation) =>
        TensorMapping.ToWire(await tensors.DescribeAsync(HttpContext.Caller(), name, version, cancellation));

    /// <summary>Whether a model can be asked.</summary>
    [HttpGet("models/{name}/ready")]
    [HttpGet("models/{name}/versions/{version}/ready")]
    public async Task<ModelReadyWire> ModelReady(string name, string? version, CancellationToken cancellation) =>
        new() { Name = (await tensors.DescribeAsync(HttpContext.Caller(), name, version, cancellation)).Name };

    /// <summary>
    /// Scores tensors: one per column ([N] or [N,1]), or one [N,k] with the model's columns in order. With the header
    /// Inference-Header-Content-Length, that many bytes are the JSON and the tensors' bytes follow.
    /// </summary>
    [HttpPost("models/{name}/infer")]
    [Scoring]
    [HttpPost("models/{name}/versions/{version}/infer")]
    [ProducesResponseType<InferAnswer>(200)]
    public async Task<IActionResult> Infer(string name, string? version, CancellationToken cancellation)
    {
        await tensors.DescribeAsync(HttpContext.Caller(), name, version, cancellation); // whose it is, before a body is read
        var (request, inputs) = await ReadAsync(cancellation);
        List<string>? wanted = request.Outputs?.Select(o => o.Name ?? throw ModelHubException.Invalid("outputs", "Every output has a 'name'.")).ToList();
        var answer = await tensors.InferAsync(HttpContext.Caller(), name, version, inputs, wanted, cancellation);
        return Answer(request, answer);
    }

    private async Task<(InferRequest Request, IReadOnlyList<Tensor> Inputs)> ReadAsync(CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        await Request.Body.CopyToAsync(body, cancellation);
        var bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
        var length = bytes.Length;
        if (Request.Headers[HeaderLength].ToString() is { Length: > 0 } said
            && (!int.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bytes.Length))
            throw ModelHubException.Invalid(HeaderLength, $"'{HeaderLength}' is at most the length of the body, {bytes.Length}.");
        InferRequest request;
        try
        {
            request = JsonSerializer.Deserialize<InferRequest>(bytes.Span[..length], Json) ?? throw ModelHubException.Invalid("body", "The body is null.");
        }
        catch (JsonException broken)
        {
            throw new MalformedBodyException($"The request is no JSON of this protocol (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}, {broken.Path}).");
        }
        return (request, TensorMapping.ToTensors(request, bytes.Span[length..]));
    }

    private IActionResult Answer(InferRequest request, TensorAnswer answer)
    {
        var allBinary = TensorMapping.IsSet(request.Parameters, "binary_data_output");
        var outputs = new List<TensorWire>();
        var parts = new List<byte[]>();
        foreach (var tensor in answer.Outputs)
        {
            var asked = request.Outputs?.First(o => o.Name == tensor.Name).Parameters;
            var isBinary = asked is { ValueKind: JsonValueKind.Object } own && own.TryGetProperty("binary_data", out var flag)
                ? flag.ValueKind == JsonValueKind.True : allBinary;
            if (isBinary)
                parts.Add(TensorBytes.Write(tensor));
            outputs.Add(isBinary ? TensorMapping.ToBinaryWire(tensor, parts[^1].Length) : TensorMapping.ToWire(tensor));
        }
        var wire = new InferAnswer { ModelName = answer.Name, ModelVersion = answer.Version, Id = request.Id, Outputs = outputs };
        if (parts.Count == 0)
            return Ok(wire);
        var head = JsonSerializer.SerializeToUtf8Bytes(wire);
        Response.Headers[HeaderLength] = head.Length.ToString(CultureInfo.InvariantCulture);
        return File([.. head, .. parts.SelectMany(p => p)], "application/octet-stream");
    }
}
