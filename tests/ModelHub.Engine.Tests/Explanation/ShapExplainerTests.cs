using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Tests.Inference;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Explanation;

public class ShapExplainerTests
{
    private const string Wide = "more features than two registers hold";

    /// <summary>All of which the definition can be computed.</summary>
    public static TheoryData<string> Shapes => [.. Kinds.Keys.Except([Wide])];

    private static Dictionary<string, RandomForests> Kinds { get; } = new()
    {
        ["mixed"] = new() { Trees = 4, Leaves = 12 },
        ["deep, few features"] = new() { Trees = 3, Leaves = 40, Cardinalities = [0, 4, 0] },
        ["three outputs"] = new() { Trees = 6, Outputs = 3, Leaves = 9 },
        ["vector leaves"] = new() { Trees = 3, Outputs = 3, VectorLeaves = true, Leaves = 9 },
        ["ten features, no tables"] = new() { Trees = 2, Leaves = 70, Cardinalities = [0, 0, 0, 3, 0, 0, 0, 0, 0, 0] },
        ["more than a byte"] = new() { Trees = 2, Leaves = 30, Cardinalities = [0, 3000, 0] },
        ["long paths on few features"] = new() { Trees = 4, Leaves = 90, Cardinalities = [0, 0, 5] },
        ["one byte holds all"] = new() { Trees = 5, Leaves = 8, Cardinalities = [0, 0, 5, 0, 0, 0] },
        ["single leaves"] = new() { Trees = 2, Leaves = 1 },
        [Wide] = new() { Trees = 3, Leaves = 20, Cardinalities = [.. Enumerable.Range(0, 40).Select(f => f % 7 == 3 ? 4 : 0)] },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Contributions_and_interactions_are_those_of_the_definition(string shape)
    {
        var forest = Kinds[shape].Draw(21);
        var matrix = Kinds[shape].Rows(22, 6);
        foreach (var kernel in Enum.GetValues<Kernel>())
        {
            var explainer = new ShapExplainer(forest, kernel);
            var row = new float[forest.FeatureCount];
            var actual = new double[explainer.Width];
            for (var r = 0; r < matrix.RowCount; r++)
            {
                matrix.CopyRow(r, row);
                explainer.Explain(row, actual);
                var interactions = explainer.Interactions(row);
                for (var o = 0; o < forest.OutputCount; o++)
                    AssertDefinition(forest, row, o, actual, interactions);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void They_add_up_to_the_score_in_every_row_of_a_batch_on_any_threads(string shape)
    {
        var kind = Kinds[shape] with { Trees = 30 };
        var forest = kind.Draw(5);
        var matrix = kind.Rows(6, 700);
        int[] rows = [.. Enumerable.Range(0, 700).Reverse()];
        var explainer = new ShapExplainer(forest);
        var one = explainer.Explain(matrix, rows, 1);
        Assert.Equal(one, explainer.Explain(matrix, rows, 2));
        AssertAdditive(forest, matrix, rows, one);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    [InlineData(Wide)]
    public void A_row_alone_gets_the_bits_that_it_gets_in_a_batch_with_tables_and_without(string shape)
    {
        var kind = Kinds[shape] with { Trees = 9 };
        var forest = kind.Draw(15);
        var matrix = kind.Rows(16, 60);
        int[] rows = [.. Enumerable.Range(0, 60)];
        var explainer = new ShapExplainer(forest);
        var batch = explainer.Explain(matrix, rows, 1);
        var bare = new TreeShap(forest, KernelSelector.Best, new TableRoom(new TableRoom.Memory(0)));
        var (alone, computed) = (new double[explainer.Width], new double[batch.Length]);
        bare.Add(new RowSource(matrix, rows), 1, computed);
        Assert.Equal(batch, computed);
        var plain = new TreeShap(forest, Kernel.Scalar);
        foreach (var r in rows)
        {
            var expected = batch[(r * explainer.Width)..((r + 1) * explainer.Width)];
            explainer.Explain(matrix, [r], alone);
            Assert.Equal(expected, alone);
            Array.Clear(alone);
            bare.Add(new RowSource(matrix, [r]), 1, alone);
            Assert.Equal(expected, alone);
            Array.Clear(alone);
            plain.Add(new RowSource(matrix, [r]), 1, alone);
            Assert.Equal(expected, alone);
        }
    }

    [Fact]
    public void Tables_of_models_that_are_gone_leave_room_for_others()
    {
        var memory = new TableRoom.Memory(1000);
        Take();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(1000, memory.Free);

        // Of its own, so that nothing on this stack keeps the room alive.
        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        void Take()
        {
            var room = new TableRoom(memory, 700);
            Assert.False(room.TryTake(701));
            Assert.True(room.TryTake(600));
            Assert.False(new TableRoom(memory).TryTake(600));
            Assert.Equal(400, memory.Free);
            GC.KeepAlive(room);
        }
    }

    [Fact]
    public void Splits_that_no_training_weight_reached_still_add_up()
    {
        var shape = new RandomForests { Trees = 5 };
        var forest = shape.Draw(9);
        foreach (var tree in forest.Trees)
        {
            for (var n = 0; n < tree.NodeCount; n += 2)
                tree.Cover[n] = 0;
        }
        var matrix = shape.Rows(4, 50);
        int[] rows = [.. Enumerable.Range(0, 50)];
        AssertAdditive(forest, matrix, rows, new ShapExplainer(forest).Explain(matrix, rows, 1));
    }

    [Fact]
    public void A_blend_is_explained_by_its_members()
    {
        var shape = new RandomForests { Trees = 5 };
        IModel[] members = [shape.Draw(1), Linear(), new CompiledForest(shape.Draw(2))];
        var blend = new Blend(members, [0.5, 0.2, 0.3]);
        var matrix = shape.Rows(4, 150);
        int[] rows = [.. Enumerable.Range(0, 150)];
        AssertAdditive(blend, matrix, rows, new ShapExplainer(blend).Explain(matrix, rows, 2));
    }

    [Fact]
    public void A_linear_term_counts_from_the_mean()
    {
        var explainer = new ShapExplainer(Linear());
        var contributions = new double[explainer.Width];
        explainer.Explain([7, float.NaN, 0, 0, float.NaN, 0], contributions);
        Assert.Equal(0.5 * (7 - 1) / 2, contributions[0], 12);
        Assert.Equal(0, contributions[1]);
        // Weights 1..5 of five codes: the first is 2 below their mean.
        Assert.Equal(-2, contributions[3], 12);
    }

    [Fact]
    public void A_model_without_additive_contributions_is_refused()
        => Assert.Throws<EngineException>(() => new ShapExplainer(new Unknown()));

    private static LinearModel Linear() => new()
    {
        Offset = [0, 1, 2, 3, 9, 50], Cardinality = [0, 0, 0, 5, 40, 0], Mean = [1, 2, 3, 0, 0, 0], Scale = [2, 1, 1, 1, 1, 4], Link = Link.Logistic,
        Weights = [[0.5, -1, 0.25, 1, 2, 3, 4, 5, 9, .. Enumerable.Range(0, 41).Select(i => i / 7.0), 0.125]], Intercept = [0.75],
    };

    private static void AssertDefinition(Forest forest, float[] row, int output, double[] actual, double[] interactions)
    {
        var side = forest.FeatureCount + 1;
        var expected = BruteForceShap.Contributions(forest, row, output);
        for (var f = 0; f < side; f++)
        {
            Assert.Equal(expected[f], actual[output * side + f], 9);
            Assert.Equal(expected[f], interactions.AsSpan((output * side + f) * side, side).ToArray().Sum(), 9);
        }
        for (var i = 0; i < Math.Min(4, forest.FeatureCount); i++)
        {
            for (var j = 0; j < i; j++)
                Assert.Equal(BruteForceShap.Interaction(forest, row, output, i, j), interactions[(output * side + i) * side + j], 9);
        }
    }

    private static void AssertAdditive(IModel model, FeatureMatrix matrix, int[] rows, double[] contributions)
    {
        var scores = new double[rows.Length * model.OutputCount];
        model.Score(matrix, rows, scores);
        var side = model.FeatureCount + 1;
        for (var i = 0; i < scores.Length; i++)
        {
            // An infinite number makes a linear score infinite; there is nothing to add up.
            if (!double.IsFinite(scores[i]))
                continue;
            var sum = contributions.AsSpan(i * side, side).ToArray().Sum();
            Assert.True(Math.Abs(sum - scores[i]) <= 1e-9 * Math.Max(1, Math.Abs(scores[i])), $"row {i}: {sum} is not {scores[i]}");
        }
    }

    private sealed class Unknown : IModel
    {
        public int FeatureCount => 1;

        public int OutputCount => 1;

        public Link Link => Link.Identity;

        public void Score(ReadOnlySpan<float> row, Span<double> scores) => scores[0] = row[0] * row[0];
    }
}
