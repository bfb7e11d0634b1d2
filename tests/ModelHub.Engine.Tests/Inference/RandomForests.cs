using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Inference;

/// <summary>Forests and rows drawn from a seed: numbers and categories, missing values, infinities, several outputs.</summary>
internal sealed record RandomForests
{
    public int Trees { get; init; } = 20;

    public int Leaves { get; init; } = 16;

    /// <summary>Cardinality per feature; 0 is a number.</summary>
    public int[] Cardinalities { get; init; } = [0, 0, 0, 5, 40, 0];

    public int Outputs { get; init; } = 1;

    public bool VectorLeaves { get; init; }

    /// <summary>Different thresholds per feature.</summary>
    public int Grid { get; init; } = 60;

    public Forest Draw(ulong seed)
    {
        var random = new SeededRandom(seed);
        var trees = Enumerable.Range(0, Trees).Select(t => DrawTree(random, VectorLeaves ? 0 : t % Outputs)).ToArray();
        return new Forest(trees, [.. Enumerable.Range(0, Outputs).Select(o => 0.25 * o - 0.3)], Cardinalities.Length, Outputs > 1 ? Link.Softmax : Link.Logistic);
    }

    public FeatureMatrix Rows(ulong seed, int count)
    {
        var random = new SeededRandom(seed);
        var columns = Cardinalities.Select(c => Enumerable.Range(0, count).Select(_ => Cell(random, c)).ToArray()).ToArray();
        var dense = new float[]?[columns.Length];
        var sparse = new SparseValues?[columns.Length];
        for (var f = 0; f < columns.Length; f++)
        {
            // The last number of each set is kept sparse.
            if (f == columns.Length - 1 && Cardinalities[f] == 0)
                sparse[f] = new SparseValues([.. Enumerable.Range(0, count).Where(r => columns[f][r] != 0)], [.. columns[f].Where(v => v != 0)]);
            else
                dense[f] = columns[f];
        }
        return new FeatureMatrix([.. Cardinalities.Select((c, f) => new Feature("f" + f, "f" + f, c))], dense, sparse, count);
    }

    private float Cell(SeededRandom random, int cardinality) => random.Below(20) switch
    {
        0 => float.NaN,
        1 when cardinality == 0 => float.PositiveInfinity,
        2 when cardinality == 0 => float.NegativeInfinity,
        1 => cardinality + 500,
        3 => 0,
        _ => cardinality == 0 ? Number(random) : random.Below(cardinality + 2),
    };

    private float Number(SeededRandom random) => (random.Below(2 * Grid) - Grid) / 8f;

    private Tree DrawTree(SeededRandom random, int output)
    {
        List<int> feature = [-1], left = [-1], right = [-1], offset = [-1], words = [0];
        List<float> threshold = [0];
        List<bool> missing = [false];
        List<uint> bits = [];
        var open = new List<int> { 0 };
        while (open.Count < Leaves)
        {
            var pick = random.Below(open.Count);
            var node = open[pick];
            feature[node] = random.Below(Cardinalities.Length);
            missing[node] = random.Below(2) == 0;
            threshold[node] = random.Below(30) == 0 ? float.MaxValue : Number(random);
            if (Cardinalities[feature[node]] is > 0 and var cardinality)
            {
                words[node] = (cardinality + 31) / 32;
                offset[node] = bits.Count;
                bits.AddRange(Enumerable.Range(0, words[node]).Select(_ => (uint)random.Next()));
            }
            (left[node], right[node]) = (feature.Count, feature.Count + 1);
            for (var child = 0; child < 2; child++)
            {
                left.Add(-1);
                right.Add(-1);
                feature.Add(-1);
                offset.Add(-1);
                words.Add(0);
                threshold.Add(0);
                missing.Add(false);
                open.Add(feature.Count - 1);
            }
            open.RemoveAt(pick);
        }
        var count = feature.Count;
        var width = VectorLeaves ? Outputs : 1;
        var cover = new double[count];
        for (var n = count - 1; n >= 0; n--)
            cover[n] = feature[n] < 0 ? 1 + random.Below(50) : cover[left[n]] + cover[right[n]];
        return new Tree
        {
            Feature = [.. feature], Threshold = [.. threshold], Left = [.. left], Right = [.. right], MissingLeft = [.. missing], CategoryOffset = [.. offset],
            CategoryWords = [.. words], CategoryBits = [.. bits], Value = [.. Enumerable.Range(0, count * width).Select(_ => (float)(random.NextDouble() - 0.5))],
            Cover = cover, Gain = [.. feature.Select(f => f < 0 ? 0 : (float)random.NextDouble())], Output = output, Width = width,
        };
    }
}
