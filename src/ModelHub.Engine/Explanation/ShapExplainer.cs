using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Networks;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Explanation;

/// <summary>
/// Shapley contributions to raw scores, prepared once per model; immutable and thread-safe. Trees: path-dependent TreeSHAP
/// (Lundberg et al. 2020). Linear models: interventional with independent features, the background being the stored mean of a number and
/// the plain mean of a category's weights (training frequencies are not stored). Networks, nearest neighbours and stacks:
/// estimated by drawn orders, see <see cref="SampledShap"/>. Blends: the weighted sum of their members'.
/// Per row and output there are <see cref="FeatureCount"/> contributions and the bias, which together are the raw score.
/// </summary>
public sealed class ShapExplainer
{
    private readonly List<(double Weight, TreeShap? Trees, LinearShap? Linear, SampledShap? Sampled)> _parts = [];

    /// <exception cref="EngineException">The model is of a kind whose contributions are not additive.</exception>
    public ShapExplainer(IModel model, Kernel? kernel = null)
    {
        FeatureCount = model.FeatureCount;
        OutputCount = model.OutputCount;
        AddParts(model, 1, KernelSelector.Resolve(kernel));
    }

    public int FeatureCount { get; }

    public int OutputCount { get; }

    /// <summary>Numbers per row: <see cref="OutputCount"/> × (<see cref="FeatureCount"/> + 1).</summary>
    public int Width => OutputCount * (FeatureCount + 1);

    /// <summary>Whether a model's contributions can be had.</summary>
    public static bool Explains(IModel model) => model switch
    {
        Forest or CompiledForest or LinearModel or NetworkModel or NeighbourModel or StackedModel => true,
        Blend blend => blend.Members.All(Explains),
        _ => false,
    };

    /// <summary>Contributions of one row, <see cref="Width"/> numbers.</summary>
    public void Explain(ReadOnlySpan<float> row, Span<double> contributions) => Explain(new RowSource(row[..FeatureCount], FeatureCount), contributions);

    /// <summary>Contributions of rows that lie one after the other, <see cref="Width"/> numbers each.</summary>
    public void ExplainRows(ReadOnlySpan<float> rows, Span<double> contributions) => Explain(new RowSource(rows, FeatureCount), contributions);

    /// <summary>Contributions of the named rows, <see cref="Width"/> numbers each, on the calling thread.</summary>
    public void Explain(FeatureMatrix features, ReadOnlySpan<int> rows, Span<double> contributions)
    {
        if (features.FeatureCount != FeatureCount)
            throw new ArgumentException($"The matrix has {features.FeatureCount} features, the model {FeatureCount}.", nameof(features));
        Explain(new RowSource(features, rows), contributions);
    }

    /// <summary>The same on several threads.</summary>
    public double[] Explain(FeatureMatrix features, int[] rows, int threads, CancellationToken cancellation = default)
    {
        const int block = 512;
        var contributions = new double[(long)rows.Length * Width];
        var next = -1;
        using var team = new ThreadTeam(Math.Min(threads, (rows.Length + block - 1) / block));
        team.Run(_ =>
        {
            for (int b; (b = Interlocked.Increment(ref next)) < (rows.Length + block - 1) / block;)
            {
                cancellation.ThrowIfCancellationRequested();
                var count = Math.Min(block, rows.Length - b * block);
                Explain(features, rows.AsSpan(b * block, count), contributions.AsSpan(b * block * Width, count * Width));
            }
        });
        return contributions;
    }

    /// <summary>
    /// Shapley interaction values of one row: per output a symmetric matrix of (<see cref="FeatureCount"/> + 1)² numbers, whose rows sum to
    /// the contributions; the last diagonal element is the bias. Linear models have none but the diagonal.
    /// </summary>
    public double[] Interactions(ReadOnlySpan<float> row)
    {
        var side = FeatureCount + 1;
        var matrix = new double[(long)OutputCount * side * side];
        foreach (var (weight, trees, _, _) in _parts)
        {
            if (trees is not null)
                TreeInteractions.Add(trees, row, weight, side, matrix);
        }
        var contributions = new double[Width];
        Explain(row, contributions);
        for (var o = 0; o < OutputCount; o++)
        {
            for (var f = 0; f < side; f++)
            {
                var line = matrix.AsSpan((o * side + f) * side, side);
                var others = 0.0;
                foreach (var value in line)
                    others += value;
                line[f] = contributions[o * side + f] - others;
            }
        }
        return matrix;
    }

    private void Explain(RowSource source, Span<double> contributions)
    {
        if (contributions.Length < (long)source.Count * Width)
            throw new ArgumentException($"There are {source.Count} rows of {Width} contributions, and room for {contributions.Length}.", nameof(contributions));
        contributions = contributions[..(source.Count * Width)];
        contributions.Clear();
        foreach (var (weight, trees, linear, sampled) in _parts)
        {
            trees?.Add(source, weight, contributions);
            linear?.Add(source, weight, contributions);
            sampled?.Add(source, weight, contributions);
        }
    }

    private void AddParts(IModel model, double weight, Kernel kernel)
    {
        switch (model)
        {
            case CompiledForest compiled:
                AddParts(compiled.Forest, weight, kernel);
                break;
            case Forest forest:
                _parts.Add((weight, new TreeShap(forest, kernel), null, null));
                break;
            case LinearModel linear:
                _parts.Add((weight, null, new LinearShap(linear), null));
                break;
            case NetworkModel or NeighbourModel or StackedModel:
                _parts.Add((weight, null, null, new SampledShap(model)));
                break;
            case Blend blend:
                for (var m = 0; m < blend.Members.Count; m++)
                    AddParts(blend.Members[m], weight * blend.Weights[m], kernel);
                break;
            default:
                throw new EngineException($"A {model.GetType().Name} has no exact contributions.");
        }
    }
}
