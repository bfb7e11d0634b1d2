using System.Buffers;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using Encoding = ModelHub.Engine.Preparation.Encoding;

namespace ModelHub.Application.Tensors;

/// <summary>
/// Tensors as records, so that they are scored by what scores every other row: one tensor per column ([N] or [N,1]), or one [N,k] with the
/// model's columns in their order.
/// </summary>
internal static class TensorRecords
{
    public static IReadOnlyList<TensorSignature> InputsOf(ModelHeader header) =>
        [.. header.Inputs.Select(i => new TensorSignature(i.Name, i.Encoding == Encoding.Number ? TensorType.Fp64 : TensorType.Bytes, [-1, 1]))];

    public static IReadOnlyList<TensorSignature> OutputsOf(ModelHeader header) => header.Task == TaskKind.Regression
        ? [new TensorSignature("prediction", TensorType.Fp64, [-1, 1])]
        : [new TensorSignature("prediction", TensorType.Bytes, [-1, 1]), new TensorSignature("probabilities", TensorType.Fp64, [-1, header.Classes.Count])];

    /// <summary>A JSON list of records.</summary>
    /// <exception cref="ModelHubException">A tensor is none of the model's inputs, one is missing, or their rows do not agree.</exception>
    public static ReadOnlyMemory<byte> Of(IReadOnlyList<Tensor> tensors, ModelHeader header)
    {
        if (tensors.Count == 0)
            throw ModelHubException.Invalid("inputs", "'inputs' needs a tensor at least.");
        foreach (var tensor in tensors)
        {
            if (tensor.Rows != tensors[0].Rows)
                throw ModelHubException.Invalid("inputs", $"The input '{tensor.Name}' has {tensor.Rows} rows, '{tensors[0].Name}' has {tensors[0].Rows}.");
        }
        if (tensors[0].Rows == 0 || tensors[0].Width == 0)
            throw ModelHubException.Invalid("inputs", "There are no rows.");
        var names = header.Inputs.Select(i => i.Name).ToList();
        var isMatrix = tensors.Count == 1 && (tensors[0].Width > 1 || names.Count == 1 && names[0] != tensors[0].Name);
        return Write(isMatrix ? OfMatrix(tensors[0], names) : OfColumns(tensors, names), tensors[0].Rows);
    }

    private static List<Source> OfColumns(IReadOnlyList<Tensor> tensors, List<string> names)
    {
        foreach (var tensor in tensors)
        {
            if (tensor.Width != 1)
                throw ModelHubException.Invalid("inputs", $"The input '{tensor.Name}' has {tensor.Width} values per row; one tensor per column has one.");
            if (names.Count > 0 && !names.Contains(tensor.Name))
                throw ModelHubException.Invalid("inputs", $"The model has no input '{tensor.Name}'; it has {Some(names)}.");
        }
        var given = tensors.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        if (names.Find(n => !given.Contains(n)) is { } missing)
            throw ModelHubException.Invalid("inputs", $"The input '{missing}' is missing.");
        if (given.Count != tensors.Count)
            throw ModelHubException.Invalid("inputs", "Two inputs have the same name.");
        return [.. tensors.Select(t => new Source(t.Name, t, 0, 1))];
    }

    private static List<Source> OfMatrix(Tensor tensor, List<string> names)
    {
        if (names.Count > 0 && tensor.Width != names.Count)
        {
            throw ModelHubException.Invalid(
                "inputs", $"The input '{tensor.Name}' has {tensor.Width} values per row; the model reads {names.Count}: {Some(names)}.");
        }
        if (tensor.Width > Scoring.RowColumns.Most)
            throw ModelHubException.Invalid("inputs", $"There are more than {Scoring.RowColumns.Most} columns.");
        return [.. Enumerable.Range(0, tensor.Width).Select(c => new Source(names.Count > 0 ? names[c] : $"{tensor.Name}_{c}", tensor, c, tensor.Width))];
    }

    private static ReadOnlyMemory<byte> Write(List<Source> sources, int rows)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        JsonEncodedText[] names = [.. sources.Select(s => JsonEncodedText.Encode(s.Name))];
        json.WriteStartArray();
        for (var r = 0; r < rows; r++)
        {
            json.WriteStartObject();
            for (var c = 0; c < names.Length; c++)
            {
                var (_, tensor, first, step) = sources[c];
                json.WritePropertyName(names[c]);
                if (tensor.Texts is { } texts)
                    json.WriteStringValue(texts[first + r * step]); // null is null
                else if (double.IsNaN(tensor.Numbers![first + r * step]))
                    json.WriteNullValue();
                else if (tensor.Type == TensorType.Bool)
                    json.WriteBooleanValue(tensor.Numbers[first + r * step] != 0);
                else
                    json.WriteNumberValue(tensor.Numbers[first + r * step]);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static string Some(List<string> names) => string.Join(", ", names.Take(20).Select(n => $"'{n}'")) + (names.Count > 20 ? ", …" : "");

    /// <summary>Where a column's values lie.</summary>
    private sealed record Source(string Name, Tensor Tensor, int First, int Step);
}
