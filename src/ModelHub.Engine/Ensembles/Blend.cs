using ModelHub.Engine.Data;

namespace ModelHub.Engine.Ensembles;

/// <summary>A weighted sum of the raw scores of models with one link: averaged in margin space, so contributions stay additive.</summary>
public sealed class Blend : IModel
{
    public Blend(IReadOnlyList<IModel> members, IReadOnlyList<double> weights)
    {
        if (members.Count == 0 || members.Count != weights.Count)
            throw new EngineException("A blend has members, and a weight for each.");
        if (members.Any(m => m.Link != members[0].Link || m.OutputCount != members[0].OutputCount || m.FeatureCount != members[0].FeatureCount))
            throw new EngineException("The members of a blend have the same link, outputs and features.");
        Members = members;
        Weights = weights;
    }

    public IReadOnlyList<IModel> Members { get; }

    public IReadOnlyList<double> Weights { get; }

    public int FeatureCount => Members[0].FeatureCount;

    public int OutputCount => Members[0].OutputCount;

    public Link Link => Members[0].Link;

    public static Blend Mean(IReadOnlyList<IModel> members) => new(members, [.. members.Select(_ => 1.0 / members.Count)]);

    public void Score(FeatureMatrix features, ReadOnlySpan<int> rows, Span<double> scores)
    {
        var one = new double[rows.Length * OutputCount];
        scores = scores[..one.Length];
        scores.Clear();
        for (var m = 0; m < Members.Count; m++)
        {
            Members[m].Score(features, rows, one);
            for (var i = 0; i < one.Length; i++)
                scores[i] += Weights[m] * one[i];
        }
    }

    public void Score(ReadOnlySpan<float> row, Span<double> scores)
    {
        Span<double> one = OutputCount <= 128 ? stackalloc double[OutputCount] : new double[OutputCount];
        scores.Clear();
        for (var m = 0; m < Members.Count; m++)
        {
            Members[m].Score(row, one);
            for (var o = 0; o < one.Length; o++)
                scores[o] += Weights[m] * one[o];
        }
    }

    public void ScoreRows(ReadOnlySpan<float> rows, Span<double> scores)
    {
        var one = System.Buffers.ArrayPool<double>.Shared.Rent(scores.Length);
        var own = one.AsSpan(0, scores.Length);
        scores.Clear();
        for (var m = 0; m < Members.Count; m++)
        {
            Members[m].ScoreRows(rows, own);
            for (var i = 0; i < own.Length; i++)
                scores[i] += Weights[m] * own[i];
        }
        System.Buffers.ArrayPool<double>.Shared.Return(one);
    }
}
