using ModelHub.Engine.Neighbours;

namespace ModelHub.Engine.Serialization;

/// <summary>Stored rows of nearest neighbours as bytes, see <see cref="ModelCodec"/>.</summary>
internal static class NeighbourCodec
{
    private const int Widest = 1 << 20;

    public static void Write(BinaryWriter writer, NeighbourModel model)
    {
        writer.Write((byte)model.Link);
        writer.Write(model.OutputCount);
        writer.Write(model.Neighbours);
        ModelCodec.WriteArray(writer, model.Cardinality);
        ModelCodec.WriteArray(writer, model.Center);
        ModelCodec.WriteArray(writer, model.Scale);
        ModelCodec.WriteArray(writer, model.Prior);
        ModelCodec.WriteArray(writer, model.Labels);
        ModelCodec.WriteArray(writer, model.Cells);
    }

    /// <exception cref="EngineException">The bytes are no such model.</exception>
    public static NeighbourModel Read(ArtifactReader reader)
    {
        var link = ModelCodec.ReadLink(reader);
        var (outputs, neighbours) = (reader.ReadCount(Widest), reader.ReadCount(NeighbourOptions.MostNeighbours));
        var (cardinality, center, scale) = (reader.ReadArray<int>(), reader.ReadArray<float>(), reader.ReadArray<float>());
        var (prior, labels, cells) = (reader.ReadArray<double>(), reader.ReadArray<double>(), reader.ReadArray<float>());
        var blocks = (labels.Length + NeighbourModel.Block - 1L) / NeighbourModel.Block;
        var fits = neighbours > 0 && neighbours <= labels.Length && center.Length == cardinality.Length && scale.Length == cardinality.Length
            && cells.Length == blocks * NeighbourModel.Block * cardinality.Length && cardinality.All(c => c is >= 0 and < Widest) && cells.All(float.IsFinite)
            && (prior.Length == 0 ? outputs == 1 : prior.Length >= 2 && outputs == (prior.Length == 2 && link == Link.Logistic ? 1 : prior.Length))
            && (prior.Length == 0 || labels.All(l => l >= 0 && l < prior.Length && l == Math.Floor(l)));
        if (!fits)
            throw new EngineException("The artifact holds broken neighbours.");
        return new NeighbourModel
        {
            Cardinality = cardinality, Center = center, Scale = scale, Cells = cells, Labels = labels, Neighbours = neighbours, Prior = prior,
            OutputCount = outputs, Link = link,
        };
    }
}
