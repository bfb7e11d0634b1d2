using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Networks;

/// <summary>
/// A small network for tables: vectors per category (Guo and Berkhahn 2016), robustly scaled numbers with a smooth clip (Holzmüller et al.
/// 2024), two rectified layers with dropout, Adam with decoupled weight decay (Loshchilov and Hutter 2019) and a cosine schedule. Same seed,
/// same bytes at any number of threads.
/// </summary>
public sealed class NeuralNetwork(NetworkOptions options) : ILearner
{
    private const int MostInputs = 4096;
    private const int WidestVector = 12;

    public string Algorithm => "DeepLearning";

    public IReadOnlyDictionary<string, HyperParameter> Parameters => options.Describe();

    /// <exception cref="EngineException">Options or data that cannot be learned from.</exception>
    public IModel Fit(TrainingSet set, FitContext context)
    {
        options.Validate();
        var rows = set.Rows ?? [.. Enumerable.Range(0, set.Features.RowCount)];
        LabelStatistics.Check(set, rows);
        var start = Layout(set, rows, SeededRandom.Derive(context.Seed, 0xD1));
        if (start.InputWidth > MostInputs)
            throw new EngineException($"A network would read {start.InputWidth} numbers per row; it takes up to {MostInputs}.");
        using var team = new ThreadTeam(context.Threads);
        return new NetworkTrainer(set, options, start, rows, context, team).Run();
    }

    /// <summary>A network with drawn weights (He et al. 2015).</summary>
    private NetworkModel Layout(TrainingSet set, int[] rows, ulong seed)
    {
        var count = set.Features.FeatureCount;
        var random = new SeededRandom(seed);
        var (cardinality, width) = (new int[count], new int[count]);
        var (center, scale, vectors) = (new float[count], new float[count], new float[count][]);
        for (var f = 0; f < count; f++)
        {
            cardinality[f] = set.Features.Features[f].Cardinality;
            width[f] = cardinality[f] == 0 ? 1 : Math.Min(WidestVector, 1 + cardinality[f] / 2);
            vectors[f] = new float[cardinality[f] == 0 ? 0 : (cardinality[f] + 1) * width[f]];
            // The last vector, of what is missing, starts at zero.
            for (var i = 0; i < vectors[f].Length - width[f]; i++)
                vectors[f][i] = Draw(random);
            (center[f], scale[f]) = cardinality[f] == 0 ? RobustScale.Of(set.Features, f, rows) : (0, 1);
        }
        int[] sizes = [width.Sum(), Matrices.Padded(options.Hidden), Matrices.Padded(Math.Max(8, options.Hidden / 2)), Matrices.Padded(set.OutputCount)];
        var (weights, biases) = (new float[3][], new float[3][]);
        for (var layer = 0; layer < 3; layer++)
        {
            biases[layer] = new float[sizes[layer + 1]];
            weights[layer] = new float[sizes[layer] * sizes[layer + 1]];
            var deviation = MathF.Sqrt((layer == 2 ? 0.1f : 2f) / Math.Max(1, sizes[layer]));
            for (var i = 0; i < weights[layer].Length; i++)
                weights[layer][i] = i % sizes[layer + 1] < (layer == 2 ? set.OutputCount : int.MaxValue) ? deviation * Draw(random) : 0;
        }
        var (offset, unit) = Target(set, rows);
        return new NetworkModel
        {
            Cardinality = cardinality, Width = width, Center = center, Scale = scale, Vectors = vectors, Weights = weights, Biases = biases,
            Offset = offset, Unit = unit, OutputCount = set.OutputCount,
            Link = set.Task switch { TaskKind.Binary => Link.Logistic, TaskKind.Multiclass => Link.Softmax, TaskKind.Regression => Link.Identity },
        };
    }

    private static (double Offset, double Unit) Target(TrainingSet set, int[] rows)
    {
        if (set.Task != TaskKind.Regression)
            return (0, 1);
        var mean = LabelStatistics.Mean(set, rows);
        var squares = 0.0;
        foreach (var row in rows)
            squares += (set.Labels[row] - mean) * (set.Labels[row] - mean);
        return (mean, squares > 0 ? Math.Sqrt(squares / rows.Length) : 1);
    }

    /// <summary>Near enough to a normal deviate: twelve uniform ones.</summary>
    private static float Draw(SeededRandom random)
    {
        var sum = -6.0;
        for (var i = 0; i < 12; i++)
            sum += random.NextDouble();
        return (float)sum;
    }
}
