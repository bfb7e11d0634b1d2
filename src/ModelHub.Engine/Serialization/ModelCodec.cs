using System.Runtime.InteropServices;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization;

/// <summary>Models as bytes: a tag, then little-endian fields and arrays with their lengths. Data only; reading runs nothing.</summary>
internal static class ModelCodec
{
    private const byte ForestTag = 1;
    private const byte LinearTag = 2;
    private const byte BlendTag = 3;
    private const byte NetworkTag = 4;
    private const byte NeighbourTag = 5;
    private const byte StackTag = 6;
    private const int DeepestTree = 2000;

    public static void Write(BinaryWriter writer, IModel model)
    {
        switch (model)
        {
            case CompiledForest compiled:
                Write(writer, compiled.Forest);
                break;
            case Forest forest:
                writer.Write(ForestTag);
                WriteForest(writer, forest);
                break;
            case LinearModel linear:
                writer.Write(LinearTag);
                WriteLinear(writer, linear);
                break;
            case NetworkModel network:
                writer.Write(NetworkTag);
                NetworkCodec.Write(writer, network);
                break;
            case NeighbourModel neighbours:
                writer.Write(NeighbourTag);
                NeighbourCodec.Write(writer, neighbours);
                break;
            case StackedModel stack:
                writer.Write(StackTag);
                WriteArray(writer, stack.Weights.ToArray());
                writer.Write(stack.SecondWeight);
                foreach (var part in stack.Members.Append(stack.Second))
                    Write(writer, part);
                break;
            case Blend blend:
                writer.Write(BlendTag);
                WriteArray(writer, blend.Weights.ToArray());
                foreach (var member in blend.Members)
                    Write(writer, member);
                break;
            default:
                throw new EngineException($"A {model.GetType().Name} cannot be stored.");
        }
    }

    /// <exception cref="EngineException">The bytes are no model.</exception>
    public static IModel Read(ArtifactReader reader, int depth = 0)
    {
        if (depth > 8)
            throw new EngineException("The artifact nests too deeply.");
        var tag = reader.ReadByte();
        return tag switch
        {
            ForestTag => ReadForest(reader),
            LinearTag => ReadLinear(reader),
            BlendTag => ReadBlend(reader, depth),
            NetworkTag => NetworkCodec.Read(reader),
            NeighbourTag => NeighbourCodec.Read(reader),
            StackTag => ReadStack(reader, depth),
            _ => throw new EngineException($"The artifact holds a model of an unknown kind ({tag})."),
        };
    }

    private static void WriteForest(BinaryWriter writer, Forest forest)
    {
        writer.Write(forest.FeatureCount);
        writer.Write((byte)forest.Link);
        WriteArray(writer, forest.Base);
        writer.Write(forest.Trees.Count);
        foreach (var tree in forest.Trees)
        {
            writer.Write(tree.Output);
            writer.Write(tree.Width);
            WriteArray(writer, tree.Feature);
            WriteArray(writer, tree.Threshold);
            WriteArray(writer, tree.Left);
            WriteArray(writer, tree.Right);
            WriteArray(writer, tree.MissingLeft);
            WriteArray(writer, tree.CategoryOffset);
            WriteArray(writer, tree.CategoryWords);
            WriteArray(writer, tree.CategoryBits);
            WriteArray(writer, tree.Value);
            WriteArray(writer, tree.Cover);
            WriteArray(writer, tree.Gain);
        }
    }

    private static Forest ReadForest(ArtifactReader reader)
    {
        var features = reader.ReadCount(1 << 24);
        var link = ReadLink(reader);
        var start = reader.ReadArray<double>();
        var trees = new Tree[reader.ReadCount(reader.Left)];
        for (var t = 0; t < trees.Length; t++)
        {
            var (output, width) = (reader.ReadCount(start.Length), reader.ReadCount(start.Length));
            trees[t] = new Tree
            {
                Output = output,
                Width = width,
                Feature = reader.ReadArray<int>(),
                Threshold = reader.ReadArray<float>(),
                Left = reader.ReadArray<int>(),
                Right = reader.ReadArray<int>(),
                MissingLeft = [.. reader.ReadArray<byte>().Select(b => b != 0)],
                CategoryOffset = reader.ReadArray<int>(),
                CategoryWords = reader.ReadArray<int>(),
                CategoryBits = reader.ReadArray<uint>(),
                Value = reader.ReadArray<float>(),
                Cover = reader.ReadArray<double>(),
                Gain = reader.ReadArray<float>(),
            };
            Check(trees[t], features, start.Length);
        }
        return new Forest(trees, start, features, link);
    }

    /// <summary>Nothing that scoring indexes may point outside, and every path ends: children come after their parent.</summary>
    internal static void Check(Tree tree, int features, int outputs)
    {
        var nodes = tree.NodeCount;
        var fits = nodes > 0 && tree.Width > 0 && tree.Output + tree.Width <= outputs && tree.Threshold.Length == nodes && tree.Left.Length == nodes
            && tree.Right.Length == nodes && tree.MissingLeft.Length == nodes && tree.CategoryOffset.Length == nodes && tree.CategoryWords.Length == nodes
            && tree.Value.Length == (long)nodes * tree.Width && tree.Cover.Length == nodes && tree.Gain.Length == nodes;
        // A node with two parents would make paths multiply, a very deep one would exhaust the stack of those who walk by recursion.
        var depth = new int[fits ? nodes : 0];
        for (var n = 0; fits && n < nodes; n++)
        {
            if (tree.Feature[n] < 0)
                continue;
            fits = tree.Feature[n] < features && tree.Left[n] > n && tree.Left[n] < nodes && tree.Right[n] > n && tree.Right[n] < nodes
                && (tree.CategoryOffset[n] < 0
                    || tree.CategoryWords[n] >= 0 && (long)tree.CategoryOffset[n] + tree.CategoryWords[n] <= tree.CategoryBits.Length);
            if (!fits)
                break;
            fits = tree.Left[n] != tree.Right[n] && depth[tree.Left[n]] == 0 && depth[tree.Right[n]] == 0 && depth[n] < DeepestTree;
            depth[tree.Left[n]] = depth[tree.Right[n]] = depth[n] + 1;
        }
        if (!fits)
            throw new EngineException("The model holds a broken tree.");
    }

    private static void WriteLinear(BinaryWriter writer, LinearModel model)
    {
        writer.Write((byte)model.Link);
        WriteArray(writer, model.Offset);
        WriteArray(writer, model.Cardinality);
        WriteArray(writer, model.Mean);
        WriteArray(writer, model.Scale);
        WriteArray(writer, model.Intercept);
        foreach (var weights in model.Weights)
            WriteArray(writer, weights);
    }

    private static LinearModel ReadLinear(ArtifactReader reader)
    {
        var link = ReadLink(reader);
        var (offset, cardinality, mean, scale) = (reader.ReadArray<int>(), reader.ReadArray<int>(), reader.ReadArray<double>(), reader.ReadArray<double>());
        var intercept = reader.ReadArray<double>();
        var weights = new double[intercept.Length][];
        for (var o = 0; o < weights.Length; o++)
            weights[o] = reader.ReadArray<double>();
        var fits = cardinality.Length == offset.Length && mean.Length == offset.Length && scale.Length == offset.Length && intercept.Length > 0;
        for (var f = 0; fits && f < offset.Length; f++)
            fits = offset[f] >= 0 && cardinality[f] >= 0 && weights.All(w => (long)offset[f] + cardinality[f] < w.Length);
        if (!fits)
            throw new EngineException("The artifact holds a broken linear model.");
        return new LinearModel { Offset = offset, Cardinality = cardinality, Mean = mean, Scale = scale, Weights = weights, Intercept = intercept, Link = link };
    }

    private static Blend ReadBlend(ArtifactReader reader, int depth)
    {
        var weights = reader.ReadArray<double>();
        var members = new IModel[weights.Length];
        for (var m = 0; m < members.Length; m++)
            members[m] = Read(reader, depth + 1);
        return new Blend(members, weights);
    }

    private static StackedModel ReadStack(ArtifactReader reader, int depth)
    {
        var weights = reader.ReadArray<double>();
        var weight = reader.ReadDouble();
        var members = new IModel[weights.Length];
        for (var m = 0; m < members.Length; m++)
            members[m] = Read(reader, depth + 1);
        return new StackedModel(members, weights, Read(reader, depth + 1), weight);
    }

    internal static Link ReadLink(ArtifactReader reader) =>
        (Link)reader.ReadByte() is var link && Enum.IsDefined(link) ? link : throw new EngineException("The artifact names an unknown link.");

    internal static void WriteArray<T>(BinaryWriter writer, T[] values)
        where T : unmanaged
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Artifacts are written on little-endian machines.");
        writer.Write(values.Length);
        writer.Write(MemoryMarshal.AsBytes<T>(values));
    }
}
