using System.Text.Json;
using ModelHub.Api.Dialects.OpenInference.Wire;
using ModelHub.Application.Errors;
using ModelHub.Application.Tensors;

namespace ModelHub.Api.Dialects.OpenInference;

internal static class TensorMapping
{
    public const int MostTensors = 20_000;

    /// <summary>Of all tensors of a request: 32 MiB as numbers, some hundred as the records that rows are scored from.</summary>
    public const int MostValues = 1 << 22;

    /// <summary>The tensors of a request; what follows the JSON belongs to those that say so, in their order.</summary>
    /// <exception cref="ModelHubException">A tensor is not what its shape and type say.</exception>
    public static IReadOnlyList<Tensor> ToTensors(InferRequest request, ReadOnlySpan<byte> binary)
    {
        if (request.Inputs is not { Count: > 0 })
            throw ModelHubException.Invalid("inputs", "'inputs' is a list of tensors, one at least.");
        var tensors = new List<Tensor>(request.Inputs.Count);
        long left = MostValues;
        foreach (var input in request.Inputs)
            tensors.Add(ToTensor(input, ref binary, ref left));
        if (binary.Length > 0)
            throw ModelHubException.Invalid("inputs", $"{binary.Length} bytes follow the last tensor and belong to none.");
        return tensors;
    }

    public static string NameOf(TensorType type) => type.ToString().ToUpperInvariant();

    /// <summary>Whether a flag of the protocol's extension is set.</summary>
    public static bool IsSet(JsonElement? parameters, string name) =>
        parameters is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty(name, out var flag) && flag.ValueKind == JsonValueKind.True;

    public static SignatureWire ToWire(TensorSignature signature) =>
        new() { Name = signature.Name, Datatype = NameOf(signature.Type), Shape = signature.Shape };

    public static ModelWire ToWire(TensorModel model) => new()
    {
        Name = model.Name, Versions = model.Versions, Platform = model.Platform, Inputs = [.. model.Inputs.Select(ToWire)],
        Outputs = [.. model.Outputs.Select(ToWire)],
    };

    /// <summary>A tensor for an answer; values that have no JSON (NaN, infinities) are null.</summary>
    public static TensorWire ToWire(Tensor tensor) => new()
    {
        Name = tensor.Name, Datatype = NameOf(tensor.Type), Shape = tensor.Shape,
        Data = tensor.Texts is { } texts ? JsonSerializer.SerializeToElement(texts)
            : JsonSerializer.SerializeToElement(tensor.Numbers!.Select(n => double.IsFinite(n) ? n : (double?)null).ToArray()),
    };

    /// <summary>The same with its values in bytes that follow the JSON.</summary>
    public static TensorWire ToBinaryWire(Tensor tensor, int size) => new()
    {
        Name = tensor.Name, Datatype = NameOf(tensor.Type), Shape = tensor.Shape, Parameters = JsonSerializer.SerializeToElement(new { binary_data_size = size }),
    };

    private static Tensor ToTensor(TensorWire input, ref ReadOnlySpan<byte> binary, ref long left)
    {
        var name = input.Name is { Length: > 0 and <= 1000 } given ? given : throw ModelHubException.Invalid("inputs", "Every input has a 'name' of 1 to 1000 characters.");
        if (input.Datatype is null || !Enum.TryParse<TensorType>(input.Datatype, ignoreCase: true, out var type) || NameOf(type) != input.Datatype)
            throw Refused(name, $"'datatype' is one of {string.Join(", ", Enum.GetValues<TensorType>().Select(NameOf))}");
        var count = CountOf(name, input.Shape);
        if ((left -= count) < 0)
            throw Refused(name, $"with it there are more than {MostValues} values");
        if (SizeOf(input.Parameters) is { } size)
        {
            if (size < 0 || size > binary.Length)
                throw Refused(name, $"its 'binary_data_size' is {size}, and {binary.Length} bytes are left");
            var own = binary[..(int)size];
            binary = binary[(int)size..];
            return type == TensorType.Bytes
                ? new Tensor(name, type, input.Shape!, null, TensorBytes.Texts(name, own, count)) : new Tensor(name, type, input.Shape!, TensorBytes.Numbers(name, type, own, count), null);
        }
        if (input.Data is not { } data)
            throw Refused(name, "it has no 'data'");
        return JsonTensor.Read(name, type, input.Shape!, data, count);
    }

    private static int CountOf(string name, IReadOnlyList<long>? shape)
    {
        if (shape is not { Count: >= 1 and <= Tensor.MostDimensions })
            throw Refused(name, $"'shape' has 1 to {Tensor.MostDimensions} dimensions");
        var count = 1L;
        foreach (var length in shape)
        {
            if (length is < 0 or > MostValues || (count *= length) > MostValues)
                throw Refused(name, $"'shape' is of numbers from 0 and says at most {MostValues} values");
        }
        return (int)count;
    }

    private static long? SizeOf(JsonElement? parameters) =>
        parameters is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty("binary_data_size", out var size)
            ? size.ValueKind == JsonValueKind.Number && size.TryGetInt64(out var number) ? number : -1 : null;

    internal static ModelHubException Refused(string name, string why) =>
        ModelHubException.Invalid("inputs", $"The input '{(name.Length > 100 ? name[..100] : name)}' is refused: {why}.");
}
