using System.Buffers;
using ModelHub.Engine.Data;

namespace ModelHub.Engine.Ensembles;

/// <summary>
/// Two levels (Wolpert 1992): the members score a row, and a second model reads the row with these scores behind it. The score is a weighted
/// sum of the members' own and the second model's: each member is scored once for both.
/// </summary>
public sealed class StackedModel : IModel
{
    /// <summary>Rows that go through the levels together: few, and each member's trees would have left the cache before they are walked again.</summary>
    private const int Block = 1024;

    /// <summary>Scores go into the second level in single precision, so they end where those do.</summary>
    private const double Largest = 1e30;

    /// <param name="weights">Of the members' own scores, 0 for one that only the second level reads.</param>
    /// <param name="second">Reads the features, then member by member its scores.</param>
    public StackedModel(IReadOnlyList<IModel> members, IReadOnlyList<double> weights, IModel second, double secondWeight)
    {
        if (members.Count == 0 || members.Count != weights.Count)
            throw new EngineException("A stack has members, and a weight for each.");
        if (members.Any(m => m.Link != second.Link || m.OutputCount != second.OutputCount || m.FeatureCount != members[0].FeatureCount)
            || second.FeatureCount != members[0].FeatureCount + members.Count * second.OutputCount)
            throw new EngineException("The members of a stack have the same link, outputs and features, and its second level reads these and the members' scores.");
        (Members, Weights, Second, SecondWeight) = (members, weights, second, secondWeight);
    }

    public IReadOnlyList<IModel> Members { get; }

    public IReadOnlyList<double> Weights { get; }

    public IModel Second { get; }

    public double SecondWeight { get; }

    public int FeatureCount => Members[0].FeatureCount;

    public int OutputCount => Second.OutputCount;

    public Link Link => Second.Link;

    public void Score(ReadOnlySpan<float> row, Span<double> scores) => ScoreBlock(row[..FeatureCount], 1, scores);

    public void Score(FeatureMatrix features, ReadOnlySpan<int> rows, Span<double> scores)
    {
        var values = new float[Math.Min(Block, Math.Max(1, rows.Length)) * FeatureCount];
        for (var from = 0; from < rows.Length; from += Block)
        {
            var count = Math.Min(Block, rows.Length - from);
            for (var i = 0; i < count; i++)
                features.CopyRow(rows[from + i], values.AsSpan(i * FeatureCount, FeatureCount));
            ScoreBlock(values.AsSpan(0, count * FeatureCount), count, scores[(from * OutputCount)..]);
        }
    }

    public void ScoreRows(ReadOnlySpan<float> rows, Span<double> scores)
    {
        var all = FeatureCount == 0 ? 0 : rows.Length / FeatureCount;
        for (var from = 0; from < all; from += Block)
        {
            var count = Math.Min(Block, all - from);
            ScoreBlock(rows.Slice(from * FeatureCount, count * FeatureCount), count, scores[(from * OutputCount)..]);
        }
    }

    /// <summary>What the second level reads in the place of a score.</summary>
    internal static float AsFeature(double score) => (float)Math.Clamp(score, -Largest, Largest);

    private void ScoreBlock(ReadOnlySpan<float> rows, int count, Span<double> scores)
    {
        var (features, outputs, width) = (FeatureCount, OutputCount, Second.FeatureCount);
        scores = scores[..(count * outputs)];
        var wide = ArrayPool<float>.Shared.Rent(count * width);
        var one = ArrayPool<double>.Shared.Rent(count * outputs);
        var own = one.AsSpan(0, count * outputs);
        for (var r = 0; r < count; r++)
            rows.Slice(r * features, features).CopyTo(wide.AsSpan(r * width));
        scores.Clear();
        for (var m = 0; m < Members.Count; m++)
        {
            Score(Members[m], rows, count, own);
            for (var i = 0; i < own.Length; i++)
            {
                wide[i / outputs * width + features + m * outputs + i % outputs] = AsFeature(own[i]);
                scores[i] += Weights[m] * own[i];
            }
        }
        Score(Second, wide.AsSpan(0, count * width), count, own);
        for (var i = 0; i < own.Length; i++)
            scores[i] += SecondWeight * own[i];
        ArrayPool<float>.Shared.Return(wide);
        ArrayPool<double>.Shared.Return(one);
    }

    private static void Score(IModel model, ReadOnlySpan<float> rows, int count, Span<double> scores)
    {
        if (count == 1)
            model.Score(rows, scores);
        else
            model.ScoreRows(rows, scores);
    }
}
