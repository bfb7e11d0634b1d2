using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Search;
using ModelHub.Engine.Serialization.Onnx;
using ModelHub.Infrastructure.Natives;

namespace ModelHub.Api.Tests.Natives;

/// <summary>Whole leaderboards as ONNX, run by ONNX Runtime and compared with our own predictions.</summary>
public sealed class OnnxExportTests
{
    private static readonly string[] Algorithms = ["DRF", "DeepLearning", "GBM", "GLM", "KNN", "StackedEnsemble", "XRT"];

    private static OnnxRuntime Runtime => new(NativeLibraries.Of(""));

    [NativeTheory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task Every_entry_of_a_leaderboard_predicts_alike(string task)
    {
        var result = AutoMlSearch.Run(Rows(task, 300, unseen: false), Options(task), null, TimeProvider.System, CancellationToken.None);
        var models = result.Candidates.Where(c => c.Model is not null).ToList();
        Assert.Equal(Algorithms, models.Select(m => m.Algorithm).Distinct().Order(StringComparer.Ordinal));
        var rows = Rows(task, 400, unseen: true);
        foreach (var candidate in models)
        {
            var model = candidate.Model!;
            var onnx = OnnxExporter.Export(model);
            await using var runner = Runtime.Load(onnx, new ModelTarget(model.Task, "target", model.Classes, model.Header.Threshold));
            Assert.Equal(model.Inputs.Select(i => i.Name), runner.Header.Inputs.Select(i => i.Name));
            var ours = model.Predict(rows);
            var theirs = await runner.PredictAsync(rows, CancellationToken.None);
            var scale = task == "regression" ? ours.Max(Math.Abs) : 1;
            Assert.True(Largest(ours, theirs) <= 2e-5 * scale, $"{candidate.Name}: differs by {Largest(ours, theirs)} of {scale}");
            // One row alone is the same row.
            Assert.Equal(theirs[..model.OutputCount], await runner.PredictAsync(rows.Take([0]), CancellationToken.None));
        }
    }

    [NativeFact]
    public async Task A_second_level_predicts_alike()
    {
        var result = AutoMlSearch.Run(
            Rows("regression", 600, unseen: false), Options("regression") with { MaxModels = 2, Mode = SearchMode.HighAccuracy }, null, TimeProvider.System, CancellationToken.None);
        var model = result.Candidates.Single(c => c.Name == "StackedEnsemble_Stack_1").Model!;
        var rows = Rows("regression", 400, unseen: true);
        await using var runner = Runtime.Load(OnnxExporter.Export(model), new ModelTarget(model.Task, "target", model.Classes, model.Header.Threshold));
        var ours = model.Predict(rows);
        // A member's score in single precision may fall on the other side of a split: then the row is one step of one of many trees off.
        var differences = ours.Zip(await runner.PredictAsync(rows, CancellationToken.None), (a, b) => Math.Abs(a - b) / ours.Max(Math.Abs)).Order().ToArray();
        Assert.True(differences[^20] < 2e-5 && differences[^1] < 0.02, $"{differences[^20]} {differences[^1]}");
    }

    [NativeFact]
    public async Task Columns_that_are_called_like_outputs_or_inner_names_do_no_harm()
    {
        var source = Rows("binary", 200, unseen: false);
        var names = new Dictionary<string, string> { ["size"] = "probabilities", ["colour"] = "label", ["when"] = "t0", ["open"] = "scores", ["gap"] = "c1" };
        var table = new Table([.. source.Columns.Select(c => Renamed(c, names.GetValueOrDefault(c.Name, c.Name)))], source.RowCount);
        var model = AutoMlSearch.Run(table, Options("binary") with { MaxModels = 1 }, null, TimeProvider.System, CancellationToken.None).Candidates[0].Model!;
        await using var runner = Runtime.Load(OnnxExporter.Export(model), new ModelTarget(TaskKind.Binary, "target", model.Classes));
        Assert.True(Largest(model.Predict(table), await runner.PredictAsync(table, CancellationToken.None)) < 2e-5);
    }

    private static AutoMlOptions Options(string task) => new()
    {
        Target = "target", IsRegression = task == "regression", Folds = 2, MaxModels = 7, Threads = 2, Categorical = new HashSet<string> { "code" },
    };

    private static double Largest(double[] ours, double[] theirs)
    {
        Assert.Equal(ours.Length, theirs.Length);
        return ours.Zip(theirs, (a, b) => Math.Abs(a - b)).Max();
    }

    private static Column Renamed(Column column, string name) => column switch
    {
        NumericColumn n => new NumericColumn(name, n.Kind, n.Values),
        CategoryColumn c => new CategoryColumn(name, c.Codes, c.Levels),
        _ => throw new NotSupportedException(),
    };

    /// <summary>Numbers with gaps, truth values, dates before and after 1970, categories as texts and as numbers; later rows hold what training never saw.</summary>
    private static Table Rows(string task, int count, bool unseen)
    {
        var random = new Random(unseen ? 7 : 3);
        var (size, gap, open, code, when, target) = (new double[count], new double[count], new double[count], new double[count], new double[count], new double[count]);
        var colour = new int[count];
        string[] levels = [.. Enumerable.Range(0, 40).Select(i => "colour " + i), "never seen"];
        for (var r = 0; r < count; r++)
        {
            size[r] = random.NextDouble() * 1e4;
            gap[r] = r % 5 == 0 ? double.NaN : random.NextDouble() - 0.5;
            open[r] = r % 11 == 0 ? double.NaN : r % 2;
            code[r] = unseen && r % 9 == 0 ? 99 : r % 6;
            when[r] = r % 13 == 0 ? double.NaN : (random.NextDouble() - 0.3) * 3e9;
            colour[r] = r % 7 == 0 ? -1 : unseen && r % 8 == 0 ? 40 : random.Next(40);
            var month = double.IsNaN(when[r]) ? 0 : DateTime.UnixEpoch.AddSeconds(when[r]).Month;
            var value = size[r] / 3000 + (double.IsNaN(gap[r]) ? 1 : gap[r]) + Math.Max(colour[r], 0) % 4 + code[r] % 3 + month / 4.0 + random.NextDouble();
            target[r] = task == "binary" ? value > 6 ? 1 : 0 : task == "multiclass" ? Math.Clamp(Math.Floor(value / 3), 0, 3) : value * 1000;
        }
        return new Table(
            [
                new NumericColumn("size", ColumnKind.Numeric, size), new NumericColumn("gap", ColumnKind.Numeric, gap),
                new NumericColumn("open", ColumnKind.Boolean, open), new CategoryColumn("colour", colour, levels),
                new NumericColumn("code", ColumnKind.Integer, code), new NumericColumn("when", ColumnKind.Date, when),
                new NumericColumn("target", task == "regression" ? ColumnKind.Numeric : ColumnKind.Integer, target),
            ],
            count);
    }
}
