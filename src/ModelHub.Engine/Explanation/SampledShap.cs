using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Explanation;

/// <summary>
/// Shapley contributions of any model by drawn orders of the features (Štrumbelj and Kononenko 2014), each order also backwards; what a row
/// is compared with is one whose cells are all missing. They add up to the score exactly; how it is shared is an estimate, the same every time.
/// </summary>
internal sealed class SampledShap(IModel model)
{
    private const int Orders = 4;

    public void Add(RowSource source, double weight, Span<double> contributions)
    {
        var (count, outputs) = (model.FeatureCount, model.OutputCount);
        var (row, order) = (new float[count], new int[count]);
        var steps = new float[(count + 1) * count];
        var scores = new double[(count + 1) * outputs];
        for (var i = 0; i < source.Count; i++)
        {
            source.CopyRow(i, row);
            var to = contributions.Slice(i * outputs * (count + 1), outputs * (count + 1));
            for (var o = 0; o < 2 * Orders; o++)
            {
                for (var f = 0; f < count; f++)
                    order[f] = f;
                new SeededRandom(1, 0x5A, (ulong)(o / 2)).Shuffle<int>(order);
                if (o % 2 == 1)
                    Array.Reverse(order);
                steps.AsSpan(0, count).Fill(float.NaN);
                for (var s = 1; s <= count; s++)
                {
                    steps.AsSpan((s - 1) * count, count).CopyTo(steps.AsSpan(s * count));
                    steps[s * count + order[s - 1]] = row[order[s - 1]];
                }
                model.ScoreRows(steps, scores);
                for (var k = 0; k < outputs; k++)
                {
                    for (var s = 1; s <= count; s++)
                        to[k * (count + 1) + order[s - 1]] += weight / (2 * Orders) * (scores[s * outputs + k] - scores[(s - 1) * outputs + k]);
                    to[k * (count + 1) + count] += weight / (2 * Orders) * scores[k];
                }
            }
        }
    }
}
