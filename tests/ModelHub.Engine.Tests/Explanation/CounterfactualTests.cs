using ModelHub.Engine.Explanation;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Explanation;

public sealed class CounterfactualTests
{
    /// <summary>Every change of one and of two features, tried one by one.</summary>
    [Fact]
    public void It_is_what_trying_everything_finds()
    {
        var random = new Random(5);
        var (found, pairs, none) = (0, 0, 0);
        for (var round = 0; round < 60; round++)
        {
            var forest = Draw(random, features: 4, trees: 6);
            float[] row = [.. Enumerable.Range(0, 4).Select(_ => (float)random.NextDouble())];
            var start = Score(forest, row);
            var wanted = start + 0.2 + 2.4 * random.NextDouble();
            var steps = Enumerable.Range(0, 4).Select(f => Steps(forest, f, row[f])).ToArray();
            var question = new CounterfactualQuestion(
                row, [0, 1, 2, 3], steps,
                (rows, count) => [.. Enumerable.Range(0, count).Select(i => wanted - Score(forest, rows.AsSpan(i * 4, 4)))], (_, largest) => largest >= wanted);
            var reach = ReachableScores.Of(forest)!;
            var got = new CounterfactualSearch(question, reach, long.MaxValue, CancellationToken.None).Run(2, areStepsAll: true);
            var (count, distance) = Naive(forest, row, steps, wanted);
            Assert.Equal(count == 0, got.Changes is null);
            Assert.Equal(count == 0, got.IsImpossible);
            if (got.Changes is null)
            {
                none++;
                continue;
            }
            Assert.True(got.IsSmallest);
            Assert.Equal(count, got.Changes.Count);
            Assert.Equal(distance, got.Distance, 9);
            var changed = (float[])row.Clone();
            foreach (var (feature, value) in got.Changes)
                changed[feature] = value;
            Assert.True(Score(forest, changed) >= wanted);
            (found, pairs) = (found + 1, pairs + (count == 2 ? 1 : 0));
        }
        Assert.True(found > 10 && pairs > 3 && none > 3, $"{found} found, {pairs} of them pairs, {none} not");
    }

    [Fact]
    public void More_than_two_features_are_found_and_not_called_smallest()
    {
        // Three stumps that have to be passed together.
        Tree[] trees = [.. Enumerable.Range(0, 3).Select(f => Stump(f, 0.5f, 0, 1))];
        var forest = new Forest(trees, [0], 4, Link.Identity);
        float[] row = [0, 0, 0, 0];
        var question = new CounterfactualQuestion(
            row, [0, 1, 2, 3], [.. Enumerable.Range(0, 4).Select(f => Steps(forest, f, 0))],
            (rows, count) => [.. Enumerable.Range(0, count).Select(i => 2.5 - Score(forest, rows.AsSpan(i * 4, 4)))], (_, largest) => largest >= 2.5);
        var got = new CounterfactualSearch(question, ReachableScores.Of(forest), 10_000, CancellationToken.None).Run(5, areStepsAll: true);
        Assert.Equal([0, 1, 2], got.Changes!.Select(c => c.Feature).Order());
        Assert.False(got.IsSmallest);
        Assert.True(got.IsImpossible); // with two
    }

    private static Step[] Steps(Forest forest, int feature, float own)
    {
        var thresholds = ReachableScores.Thresholds(forest, feature)!;
        return [.. thresholds.SelectMany(t => new[] { t, MathF.BitIncrement(t) }).Where(v => v != own)
            .Select(v => new Step(v, Math.Abs((double)v - own))).OrderBy(s => s.Distance)];
    }

    private static (int Count, double Distance) Naive(Forest forest, float[] row, Step[][] steps, double wanted)
    {
        var singles = new List<double>();
        var pairs = new List<double>();
        for (var f = 0; f < 4; f++)
        {
            foreach (var a in steps[f])
            {
                var changed = (float[])row.Clone();
                changed[f] = a.Value;
                if (Score(forest, changed) >= wanted)
                    singles.Add(a.Distance);
                for (var g = f + 1; g < 4; g++)
                {
                    foreach (var b in steps[g])
                    {
                        changed[g] = b.Value;
                        if (Score(forest, changed) >= wanted)
                            pairs.Add(a.Distance + b.Distance);
                        changed[g] = row[g];
                    }
                }
            }
        }
        return singles.Count > 0 ? (1, singles.Min()) : pairs.Count > 0 ? (2, pairs.Min()) : (0, 0);
    }

    private static double Score(Forest forest, ReadOnlySpan<float> row)
    {
        Span<double> score = stackalloc double[1];
        forest.Score(row, score);
        return score[0];
    }

    private static Forest Draw(Random random, int features, int trees) => new(
        [.. Enumerable.Range(0, trees).Select(_ => Stump(random.Next(features), (float)random.NextDouble(), (float)random.NextDouble() - 0.5f, (float)random.NextDouble() - 0.5f, random))],
        [0], features, Link.Identity);

    /// <summary>A split, with another one below its right child when there is randomness for it.</summary>
    private static Tree Stump(int feature, float threshold, float left, float right, Random? random = null)
    {
        var deep = random is not null;
        return new Tree
        {
            Feature = deep ? [feature, -1, random!.Next(4), -1, -1] : [feature, -1, -1],
            Threshold = deep ? [threshold, 0, (float)random!.NextDouble(), 0, 0] : [threshold, 0, 0],
            Left = deep ? [1, 0, 3, 0, 0] : [1, 0, 0],
            Right = deep ? [2, 0, 4, 0, 0] : [2, 0, 0],
            MissingLeft = new bool[deep ? 5 : 3],
            CategoryOffset = deep ? [-1, -1, -1, -1, -1] : [-1, -1, -1],
            CategoryWords = new int[deep ? 5 : 3],
            CategoryBits = [],
            Value = deep ? [0, left, 0, right, (float)random!.NextDouble()] : [0, left, right],
            Cover = new double[deep ? 5 : 3],
            Gain = new float[deep ? 5 : 3],
        };
    }
}
