using System.Security.Cryptography;
using System.Text.Json;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Serialization;

/// <summary>
/// A model as one self-contained file: a mark, the header as JSON, the model, what it gives for some golden rows, and the SHA-256 of all that.
/// </summary>
internal static class ModelArtifact
{
    private const int GoldenRows = 4;
    private const int MostFeatures = 1 << 20;
    private static readonly byte[] Magic = "MHMODEL\x01"u8.ToArray();

    /// <param name="target">Is left open; a forest's file may be larger than what it was learned from, so it need not be in memory.</param>
    public static void Write(TrainedModel model, Stream target)
    {
        using var hash = SHA256.Create();
        using var hashed = new CryptoStream(target, hash, CryptoStreamMode.Write, leaveOpen: true);
        using var writer = new BinaryWriter(new BufferedStream(hashed, 1 << 16));
        writer.Write(Magic);
        var header = JsonSerializer.SerializeToUtf8Bytes(model.Header);
        writer.Write(header.Length);
        writer.Write(header);
        ModelCodec.Write(writer, model.Model);
        foreach (var value in Golden(model).SelectMany(row => model.PredictRows(row, 1)))
            writer.Write(value);
        writer.Flush();
        hashed.FlushFinalBlock();
        target.Write(hash.Hash!);
    }

    /// <exception cref="EngineException">The bytes are no artifact, were changed, or give other predictions here than where they were made.</exception>
    public static TrainedModel Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < Magic.Length + 32 || !bytes.Span[..Magic.Length].SequenceEqual(Magic))
            throw new EngineException("This is no ModelHub artifact, or one of a newer version.");
        if (!SHA256.HashData(bytes.Span[..^32]).AsSpan().SequenceEqual(bytes.Span[^32..]))
            throw new EngineException("The artifact was changed or cut short: its checksum does not fit.");
        var reader = new ArtifactReader(bytes[Magic.Length..^32]);
        ModelHeader? header;
        try
        {
            header = JsonSerializer.Deserialize<ModelHeader>(reader.Take(reader.ReadInt()));
        }
        catch (JsonException)
        {
            throw new EngineException("The artifact's header is broken.");
        }
        if (header is null || !IsSound(header))
            throw new EngineException("The artifact's header is broken.");
        var model = new TrainedModel(header, ModelCodec.Read(reader));
        foreach (var value in Golden(model).SelectMany(row => model.PredictRows(row, 1)))
        {
            if (reader.ReadDouble() is var kept && kept != value && !(double.IsNaN(kept) && double.IsNaN(value)))
                throw new EngineException("The artifact gives other predictions here than where it was made.");
        }
        return model;
    }

    private static bool IsSound(ModelHeader header) =>
        header is { Inputs: not null, Classes: not null } && Enum.IsDefined(header.Task) && Distinct(header.Classes)
        && (header.Task != TaskKind.Binary || header.Classes.Count == 2)
        && header.Inputs.All(i => i is not null && Enum.IsDefined(i.Encoding) && Enum.IsDefined(i.Kind))
        && header.Inputs.All(i => i.Encoding != Encoding.Text || i.Buckets is > 0 and <= FeaturePlan.MostBuckets)
        && header.Inputs.Sum(i => i.Buckets ?? 1L) <= MostFeatures
        && header.Inputs.All(i => (i.Encoding != Encoding.Category || i.Levels is not null) && Distinct(i.Levels ?? []))
        && Distinct([.. header.Inputs.Select(i => i.Name)]);

    private static bool Distinct(IReadOnlyList<string> names) => names.All(n => n is not null) && names.Distinct(StringComparer.Ordinal).Count() == names.Count;

    /// <summary>A row with nothing, then rows of pseudo-random cells within what training saw: made from the header, so not stored.</summary>
    private static IEnumerable<float[]> Golden(TrainedModel model)
    {
        var random = new SeededRandom(1);
        for (var g = 0; g < GoldenRows; g++)
        {
            var row = model.CreateRow();
            for (var i = 0; g > 0 && i < model.Inputs.Count; i++)
            {
                if (model.Inputs[i].Levels is { Count: > 0 } levels)
                    row.SetText(i, levels[random.Below(levels.Count)]);
                else if (model.Inputs[i] is { Min: { } min, Max: { } max })
                    row.SetNumber(i, min + (max - min) * random.NextDouble());
            }
            yield return row.Features.ToArray();
        }
    }
}
