using ModelHub.Engine.Networks;

namespace ModelHub.Engine.Serialization;

/// <summary>Networks as bytes, see <see cref="ModelCodec"/>.</summary>
internal static class NetworkCodec
{
    private const int MostLayers = 16;
    private const int Widest = 1 << 20;

    public static void Write(BinaryWriter writer, NetworkModel model)
    {
        writer.Write((byte)model.Link);
        writer.Write(model.OutputCount);
        writer.Write(model.Offset);
        writer.Write(model.Unit);
        ModelCodec.WriteArray(writer, model.Cardinality);
        ModelCodec.WriteArray(writer, model.Width);
        ModelCodec.WriteArray(writer, model.Center);
        ModelCodec.WriteArray(writer, model.Scale);
        foreach (var vectors in model.Vectors)
            ModelCodec.WriteArray(writer, vectors);
        writer.Write(model.Weights.Length);
        for (var layer = 0; layer < model.Weights.Length; layer++)
        {
            ModelCodec.WriteArray(writer, model.Weights[layer]);
            ModelCodec.WriteArray(writer, model.Biases[layer]);
        }
    }

    /// <exception cref="EngineException">The bytes are no network.</exception>
    public static NetworkModel Read(ArtifactReader reader)
    {
        var link = ModelCodec.ReadLink(reader);
        var outputs = reader.ReadCount(Widest);
        var (offset, unit) = (reader.ReadDouble(), reader.ReadDouble());
        var (cardinality, width) = (reader.ReadArray<int>(), reader.ReadArray<int>());
        var (center, scale) = (reader.ReadArray<float>(), reader.ReadArray<float>());
        var vectors = new float[cardinality.Length][];
        for (var f = 0; f < vectors.Length; f++)
            vectors[f] = reader.ReadArray<float>();
        var layers = reader.ReadCount(MostLayers);
        var (weights, biases) = (new float[layers][], new float[layers][]);
        for (var layer = 0; layer < layers; layer++)
            (weights[layer], biases[layer]) = (reader.ReadArray<float>(), reader.ReadArray<float>());
        var fits = layers > 0 && outputs > 0 && width.Length == cardinality.Length && center.Length == cardinality.Length && scale.Length == cardinality.Length
            && biases[^1].Length >= outputs;
        long inputs = 0;
        for (var f = 0; fits && f < cardinality.Length; f++)
        {
            fits = width[f] is > 0 and < Widest && cardinality[f] is >= 0 and < Widest && (cardinality[f] > 0 || width[f] == 1)
                && vectors[f].Length == (cardinality[f] == 0 ? 0 : (cardinality[f] + 1L) * width[f]);
            inputs += width[f];
        }
        for (var layer = 0; fits && layer < layers; layer++)
        {
            fits = biases[layer].Length > 0 && biases[layer].Length % Matrices.Lane == 0 && weights[layer].Length == inputs * biases[layer].Length;
            inputs = biases[layer].Length;
        }
        if (!fits)
            throw new EngineException("The artifact holds a broken network.");
        return new NetworkModel
        {
            Cardinality = cardinality, Width = width, Center = center, Scale = scale, Vectors = vectors, Weights = weights, Biases = biases,
            Offset = offset, Unit = unit, OutputCount = outputs, Link = link,
        };
    }
}
