using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Networks;

/// <summary>
/// A feed-forward network over a table's features: numbers are centred, scaled and clipped smoothly (missing is the centre), categories
/// are looked up as vectors, hidden layers are rectified. Scores are made in single precision, in a fixed order of additions.
/// </summary>
public sealed class NetworkModel : IModel
{
    /// <summary>Per feature: 0 for a number, else the category's cardinality; a missing or unknown category has the last vector.</summary>
    public required int[] Cardinality { get; init; }

    /// <summary>Per feature: numbers of its input: 1, or the length of a category's vectors.</summary>
    public required int[] Width { get; init; }

    public required float[] Center { get; init; }

    /// <summary>Per feature: what a centred number is multiplied by.</summary>
    public required float[] Scale { get; init; }

    /// <summary>Per feature the vectors of its categories, one after the other; empty for numbers.</summary>
    public required float[][] Vectors { get; init; }

    /// <summary>Per layer: inputs × padded outputs.</summary>
    public required float[][] Weights { get; init; }

    /// <summary>Per layer: padded outputs.</summary>
    public required float[][] Biases { get; init; }

    /// <summary>Score = Offset + Unit × output.</summary>
    public required double Offset { get; init; }

    public required double Unit { get; init; }

    public required int OutputCount { get; init; }

    public required Link Link { get; init; }

    public int FeatureCount => Cardinality.Length;

    public int InputWidth => Width.Sum();

    public void Score(ReadOnlySpan<float> row, Span<double> scores)
    {
        var values = new float[InputWidth];
        Encode(row, values);
        Finish(values, 1, scores);
    }

    public void Score(FeatureMatrix features, ReadOnlySpan<int> rows, Span<double> scores) => Score(new RowSource(features, rows), scores);

    public void ScoreRows(ReadOnlySpan<float> rows, Span<double> scores) => Score(new RowSource(rows, FeatureCount), scores);

    /// <summary>The input of the first layer for one row.</summary>
    internal void Encode(ReadOnlySpan<float> row, Span<float> values)
    {
        var at = 0;
        for (var f = 0; f < Cardinality.Length; f++)
        {
            if (Cardinality[f] == 0)
            {
                values[at++] = RobustScale.Bend(row[f], Center[f], Scale[f]);
                continue;
            }
            Vectors[f].AsSpan(Code(f, row[f]) * Width[f], Width[f]).CopyTo(values[at..]);
            at += Width[f];
        }
    }

    internal int Code(int feature, float value) =>
        float.IsNaN(value) || value < 0 || value >= Cardinality[feature] ? Cardinality[feature] : (int)value;

    internal static void Rectify(Span<float> values)
    {
        foreach (ref var value in values)
            value = value > 0 ? value : 0;
    }

    private void Score(RowSource source, Span<double> scores)
    {
        const int block = 64;
        var width = InputWidth;
        var row = new float[FeatureCount];
        var values = new float[Math.Min(block, Math.Max(1, source.Count)) * width];
        for (var from = 0; from < source.Count; from += block)
        {
            var some = Math.Min(block, source.Count - from);
            for (var i = 0; i < some; i++)
            {
                source.CopyRow(from + i, row);
                Encode(row, values.AsSpan(i * width, width));
            }
            Finish(values, some, scores[(from * OutputCount)..]);
        }
    }

    private int Inputs(int layer) => layer == 0 ? InputWidth : Biases[layer - 1].Length;

    private void Finish(float[] values, int count, Span<double> scores)
    {
        for (var layer = 0; layer < Weights.Length; layer++)
        {
            var next = new float[count * Biases[layer].Length];
            Matrices.Multiply(values, Weights[layer], next, count, Inputs(layer), Biases[layer].Length, Biases[layer]);
            if (layer + 1 < Weights.Length)
                Rectify(next);
            values = next;
        }
        var padded = Biases[^1].Length;
        for (var i = 0; i < count; i++)
        {
            for (var o = 0; o < OutputCount; o++)
                scores[i * OutputCount + o] = Offset + Unit * values[i * padded + o];
        }
    }
}
