using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Serialization;
using ModelHub.Engine.Tests.Inference;

namespace ModelHub.Engine.Tests.Ensembles;

public sealed class StackedModelTests
{
    private static readonly RandomForests Shape = new() { Trees = 6, Leaves = 10, Cardinalities = [0, 0, 5, 40], Outputs = 3 };
    private static readonly RandomForests Wide = Shape with { Cardinalities = [0, 0, 5, 40, 0, 0, 0, 0, 0, 0] };

    [Fact]
    public void TheSecondLevelReadsTheRowAndTheMembersScores()
    {
        var stack = Draw();
        var (row, wide, first, second, scores) = (new float[4], new float[10], new double[3], new double[3], new double[3]);
        var rows = Shape.Rows(6, 50);
        for (var r = 0; r < rows.RowCount; r++)
        {
            rows.CopyRow(r, row);
            row.CopyTo(wide, 0);
            var expected = new double[3];
            for (var m = 0; m < 2; m++)
            {
                stack.Members[m].Score(row, first);
                for (var o = 0; o < 3; o++)
                    (wide[4 + m * 3 + o], expected[o]) = ((float)first[o], expected[o] + stack.Weights[m] * first[o]);
            }
            stack.Second.Score(wide, second);
            stack.Score(row, scores);
            Assert.Equal(expected.Select((e, o) => e + stack.SecondWeight * second[o]), scores);
        }
    }

    [Fact]
    public void OneRowAndManyCompiledAndReadAgainAreTheSameBits()
    {
        var stack = Draw();
        var rows = Shape.Rows(6, 300);
        int[] all = [.. Enumerable.Range(0, 300)];
        var (many, values, row, one) = (new double[900], new float[1200], new float[4], new double[3]);
        stack.Score(rows, all, many);
        for (var r = 0; r < 300; r++)
        {
            rows.CopyRow(r, row);
            row.CopyTo(values, 4 * r);
            stack.Score(row, one);
            Assert.Equal(one, many[(3 * r)..(3 * r + 3)]);
        }
        var compiled = new double[900];
        CompiledForest.Compile(ModelCodec.Read(new ArtifactReader(Bytes(stack)))).ScoreRows(values, compiled);
        Assert.Equal(many, compiled);
    }

    [Fact]
    public void ContributionsAddUpToTheScore()
    {
        var stack = Draw();
        var explainer = new ShapExplainer(stack);
        var (row, all, scores) = (new float[4], new double[explainer.Width], new double[3]);
        Shape.Rows(6, 3).CopyRow(1, row);
        explainer.Explain(row, all);
        stack.Score(row, scores);
        for (var o = 0; o < 3; o++)
            Assert.Equal(scores[o], all.AsSpan(o * 5, 5).ToArray().Sum(), 6);
    }

    [Fact]
    public void PartsThatDoNotFitAreRefused()
    {
        Assert.Throws<EngineException>(() => new StackedModel([Shape.Draw(1)], [1], Wide.Draw(2), 1));
        Assert.Throws<EngineException>(() => new StackedModel([], [], Wide.Draw(2), 1));
        var bytes = Bytes(Draw());
        for (var cut = 1; cut < bytes.Length; cut += 97)
            Assert.Throws<EngineException>(() => ModelCodec.Read(new ArtifactReader(bytes.AsMemory(0, cut))));
    }

    internal static StackedModel Draw() => new([Shape.Draw(1), Shape.Draw(2)], [0.3, 0], Wide.Draw(3), 0.7);

    private static byte[] Bytes(IModel model)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        ModelCodec.Write(writer, model);
        writer.Flush();
        return stream.ToArray();
    }
}
