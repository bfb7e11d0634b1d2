using ModelHub.Api.Tests.Registry;
using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Search;
using ModelHub.Engine.Serialization.Foreign;
using ModelHub.Engine.Serialization.Onnx;
using ModelHub.Engine.Trees;
using ModelHub.Infrastructure.Natives;

namespace ModelHub.Api.Tests.Natives;

/// <summary>ONNX graphs that the engine reads itself, beside ONNX Runtime over the same files: what is read, and every number.</summary>
public sealed class OnnxForestTests
{
    private static readonly string[] OfTrees = ["DRF", "GBM", "XRT"];

    [NativeTheory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task Exports_of_columns_of_numbers_answer_as_the_library_does(string task)
    {
        var options = new AutoMlOptions { Target = "target", IsRegression = task == "regression", Folds = 2, MaxModels = 7, Threads = 2 };
        var found = AutoMlSearch.Run(Rows(task), options, null, TimeProvider.System, CancellationToken.None);
        foreach (var candidate in found.Candidates.Where(c => c.Model is not null))
        {
            var onnx = OnnxExporter.Export(candidate.Model!);
            if (ForeignModel.TryRead(onnx).Model is not { } read)
            {
                Assert.False(OfTrees.Contains(candidate.Algorithm) || candidate.Algorithm == "GLM", candidate.Name);
                continue;
            }
            var isTrees = OfTrees.Contains(candidate.Algorithm);
            var rows = Special(Thresholds(read.Model), isTrees);
            await AssertSameAsync(onnx, read, rows);
            // The library adds in single precision: nearer than to it, what is read is to the model that was exported.
            AssertNear(candidate.Model!.Predict(rows), read.Predict(rows), 1e-6);
        }
    }

    /// <summary>More nodes than there may be classes.</summary>
    [NativeFact]
    public async Task A_large_classifier_is_no_classifier_of_many_classes()
    {
        var leaves = Enumerable.Range(0, 6_000).Select(t => new Tree
        {
            Feature = [t % 2, -1, -1], Threshold = [t, 0, 0], Left = [1, 0, 0], Right = [2, 0, 0], MissingLeft = [true, false, false], CategoryOffset = [-1, -1, -1],
            CategoryWords = [0, 0, 0], CategoryBits = [], Value = [0, -0.001f, 0.001f], Cover = [2, 1, 1], Gain = [1, 0, 0], Output = t % 3,
        }).ToList();
        var onnx = OnnxExporter.Export(new Forest(leaves, [0, 0, 0], 2, Engine.Link.Softmax), null, ["x", "y", "z"]);
        await using var runner = new OnnxRuntime(NativeLibraries.Of("")).Load(onnx, null);
        Assert.Equal(["0", "1", "2"], runner.Header.Classes);
    }

    /// <summary>Whatever still is a graph of trees after some bits have changed is the same one for both.</summary>
    [NativeFact]
    public async Task Changed_files_that_are_read_answer_as_the_library_does()
    {
        var options = new AutoMlOptions { Target = "target", IsRegression = true, Folds = 2, MaxModels = 1, Threads = 2 };
        var small = Rows("regression").Take([.. Enumerable.Range(0, 40)]);
        var whole = OnnxExporter.Export(AutoMlSearch.Run(small, options, null, TimeProvider.System, CancellationToken.None).Candidates[0].Model!);
        var random = new Random(5);
        var read = 0;
        for (var i = 0; i < BrokenFileTests.Many(200); i++)
        {
            var changed = whole[..];
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            if (ForeignModel.TryRead(changed).Model is not { } model)
                continue;
            read++;
            await AssertSameAsync(changed, model, Special(Thresholds(model.Model), true));
        }
        Assert.InRange(read, 20, int.MaxValue);
    }

    private static async Task AssertSameAsync(byte[] onnx, TrainedModel read, Table rows)
    {
        await using var runner = new OnnxRuntime(NativeLibraries.Of("")).Load(onnx, null);
        var (ours, theirs) = (read.Header, runner.Header);
        Assert.Equal((theirs.Algorithm, theirs.Task, theirs.Target, theirs.Threshold), (ours.Algorithm, ours.Task, ours.Target, ours.Threshold));
        Assert.Equal(theirs.Classes, ours.Classes);
        Assert.Equal(theirs.Inputs, ours.Inputs);
        AssertNear(await runner.PredictAsync(rows, CancellationToken.None), read.Predict(rows), read.Task == TaskKind.Regression ? 1e-5 : 1e-6);
    }

    private static void AssertNear(double[] wanted, double[] found, double tolerance)
    {
        Assert.Equal(wanted.Length, found.Length);
        var scale = Math.Max(1, wanted.Max(Math.Abs));
        for (var i = 0; i < wanted.Length; i++)
            Assert.True(Math.Abs(wanted[i] - found[i]) <= tolerance * scale, $"{i}: {wanted[i]} there, {found[i]} here, of {scale}");
    }

    /// <summary>Random rows with gaps, and every threshold as the value of its column, the numbers beside it, and infinities.</summary>
    private static Table Special(List<(int Feature, float Value)> thresholds, bool endless)
    {
        var random = new Random(9);
        var columns = Enumerable.Range(0, 3).Select(_ => new List<double>()).ToArray();
        void Add(int feature, double value)
        {
            for (var f = 0; f < columns.Length; f++)
                columns[f].Add(f == feature ? value : random.Next(6) == 0 ? double.NaN : random.NextDouble() * 10 - 5);
        }
        foreach (var (feature, value) in thresholds.Where(t => float.IsFinite(t.Value)).Take(300))
        {
            Add(feature, value);
            Add(feature, MathF.BitIncrement(value));
            Add(feature, MathF.BitDecrement(value));
        }
        for (var i = 0; i < 90; i++)
            Add(i % 3, (i / 3 % 3) switch { 0 => double.NaN, 1 when endless => double.PositiveInfinity, 2 when endless => double.NegativeInfinity, _ => 0 });
        return new Table([.. columns.Select((c, f) => new NumericColumn("abc"[f].ToString(), ColumnKind.Numeric, [.. c]))], columns[0].Count);
    }

    private static List<(int Feature, float Value)> Thresholds(IModel model) => model switch
    {
        Blend blend => [.. blend.Members.SelectMany(Thresholds)],
        CompiledForest compiled => [.. compiled.Forest.Trees.SelectMany(t => t.Feature.Select((f, n) => (f, t.Threshold[n])).Where(s => s.f >= 0))],
        _ => [],
    };

    private static Table Rows(string task)
    {
        var random = new Random(1);
        double[] Numbers() => [.. Enumerable.Range(0, 240).Select(r => r % 9 == 0 ? double.NaN : random.NextDouble() * 10 - 5)];
        var (a, b, c) = (Numbers(), Numbers(), Numbers());
        double[] target = [.. a.Select((n, r) => n + b[r] is var sum && double.IsNaN(sum) ? 0 : task == "regression" ? sum * 20 : task == "binary" ? sum > 0 ? 1 : 0 : Math.Clamp(Math.Round(sum / 4), 0, 2))];
        return new Table(
            [
                new NumericColumn("a", ColumnKind.Numeric, a), new NumericColumn("b", ColumnKind.Numeric, b), new NumericColumn("c", ColumnKind.Numeric, c),
                new NumericColumn("target", task == "regression" ? ColumnKind.Numeric : ColumnKind.Integer, target),
            ],
            240);
    }
}
