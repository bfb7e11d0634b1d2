using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Serialization;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Inference;

public class CompiledForestTests
{
    public static TheoryData<string> Shapes => [.. Kinds.Keys];

    private static Dictionary<string, RandomForests> Kinds { get; } = new()
    {
        ["mixed"] = new(),
        ["numbers"] = new() { Cardinalities = [0, 0, 0, 0], Trees = 33, Leaves = 31 },
        ["stumps"] = new() { Leaves = 2, Trees = 5 },
        ["single leaves"] = new() { Leaves = 1, Trees = 3 },
        ["three outputs"] = new() { Outputs = 3, Trees = 21 },
        ["vector leaves"] = new() { Outputs = 4, VectorLeaves = true },
        ["many categories"] = new() { Cardinalities = [0, 3000, 300, 0], Trees = 10 },
        ["more leaves than a byte"] = new() { Leaves = 400, Trees = 4 },
        ["more thresholds than a byte"] = new() { Grid = 4000, Trees = 40, Leaves = 64, Cardinalities = [0, 0, 5] },
        ["a full byte of leaves"] = new() { Leaves = 256, Trees = 3, Grid = 20 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Every_kernel_gives_the_bits_of_the_reference(string shape)
    {
        var forest = Kinds[shape].Draw(3);
        foreach (var kernel in Enum.GetValues<Kernel>())
        {
            var compiled = new CompiledForest(forest, kernel);
            foreach (var count in new[] { 0, 1, 3, 4, 31, 32, 33, 63, 255, 256, 257, 600 })
                AssertEqual(forest, compiled, Kinds[shape], count);
        }
    }

    [Fact]
    public void Thresholds_without_a_rank_are_scored_by_the_careful_walk()
    {
        var shape = new RandomForests { Cardinalities = [0, 0], Trees = 6 };
        var forest = shape.Draw(8);
        forest.Trees[1].Threshold[0] = float.PositiveInfinity;
        forest.Trees[2].Threshold[0] = float.NaN;
        foreach (var kernel in Enum.GetValues<Kernel>())
            AssertEqual(forest, new CompiledForest(forest, kernel), shape, 140);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Packed_trees_score_explain_and_are_stored_as_before(string shape)
    {
        var forest = Kinds[shape].Draw(6);
        var blend = new Blend([forest, Kinds[shape].Draw(7)], [0.25, 0.75]);
        var packed = (Blend)CompiledForest.Pack(CompiledForest.Compile(blend));
        AssertEqual(forest, (CompiledForest)packed.Members[0], Kinds[shape], 40);
        Assert.NotSame(forest, ((CompiledForest)packed.Members[0]).Forest);
        Assert.Equal(Bytes(blend), Bytes(packed));
        var rows = Kinds[shape].Rows(5, 20);
        int[] all = [.. Enumerable.Range(0, 20)];
        Assert.Equal(new ShapExplainer(blend).Explain(rows, all, 1), new ShapExplainer(packed).Explain(rows, all, 1));
    }

    private static byte[] Bytes(IModel model)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream))
            ModelCodec.Write(writer, model);
        return stream.ToArray();
    }

    [Fact]
    public void Rows_are_taken_in_the_order_that_is_asked_for()
    {
        var shape = new RandomForests();
        var forest = shape.Draw(4);
        var matrix = shape.Rows(5, 200);
        int[] rows = [.. Enumerable.Range(0, 180).Select(i => i * 37 % 200)];
        var scores = new double[rows.Length];
        new CompiledForest(forest).Score(matrix, rows, scores);
        Assert.Equal(Reference(forest, matrix, rows), scores);
    }

    [Fact]
    public void Nothing_is_allocated_per_row()
    {
        var shape = new RandomForests { Trees = 9 };
        var compiled = new CompiledForest(shape.Draw(4));
        var row = new float[compiled.FeatureCount];
        var scores = new double[1];
        compiled.Score(row, scores);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            compiled.Score(row, scores);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void AssertEqual(Forest forest, CompiledForest compiled, RandomForests shape, int count)
    {
        var matrix = shape.Rows(11, count);
        int[] rows = [.. Enumerable.Range(0, count)];
        var expected = Reference(forest, matrix, rows);
        var batch = new double[expected.Length];
        compiled.Score(matrix, rows, batch);
        Assert.Equal(expected, batch);
        var lines = new float[count * forest.FeatureCount];
        var single = new double[expected.Length];
        for (var r = 0; r < count; r++)
        {
            var line = lines.AsSpan(r * forest.FeatureCount, forest.FeatureCount);
            matrix.CopyRow(r, line);
            compiled.Score(line, single.AsSpan(r * forest.OutputCount, forest.OutputCount));
        }
        Assert.Equal(expected, single);
        Array.Clear(batch);
        compiled.ScoreRows(lines, batch);
        Assert.Equal(expected, batch);
    }

    private static double[] Reference(Forest forest, Data.FeatureMatrix matrix, int[] rows)
    {
        var scores = new double[rows.Length * forest.OutputCount];
        var line = new float[forest.FeatureCount];
        for (var i = 0; i < rows.Length; i++)
        {
            matrix.CopyRow(rows[i], line);
            forest.Score(line, scores.AsSpan(i * forest.OutputCount, forest.OutputCount));
        }
        return scores;
    }
}
