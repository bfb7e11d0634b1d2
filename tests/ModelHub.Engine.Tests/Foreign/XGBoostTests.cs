using System.Text.Json;
using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Serialization.Foreign;
using ModelHub.Engine.Serialization.Onnx;

namespace ModelHub.Engine.Tests.Foreign;

/// <summary>Models and predictions of XGBoost 1.7.4 itself; make_xgboost.py beside this file made them.</summary>
public class XGBoostTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Foreign");

    private static readonly Lazy<JsonElement> Golden = new(() => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "golden.json"))).RootElement);

    public static TheoryData<string> Files() => [.. Directory.GetFiles(Folder).Select(f => Path.GetFileName(f)!).Where(f => !f.StartsWith("golden", StringComparison.Ordinal)
        && (f.EndsWith(".json", StringComparison.Ordinal) || f.EndsWith(".ubj", StringComparison.Ordinal))).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Predictions_are_XGBoosts_own(string file)
    {
        var model = Read(file);
        var rows = Rows(file);
        var theirs = Numbers(file, "predictions");
        // One by one, as a block, and the interpreted trees.
        var block = model.PredictRows(rows.SelectMany(r => r).ToArray(), rows.Length);
        for (var r = 0; r < rows.Length; r++)
        {
            var own = model.PredictRows(rows[r], 1);
            Assert.Equal(own, block.AsSpan(r * own.Length, own.Length).ToArray());
            var expected = file.StartsWith("raw", StringComparison.Ordinal) ? [1 / (1 + Math.Exp(-theirs[r][0]))] : theirs[r];
            var given = model.Task == TaskKind.Binary ? [own[1]] : own;
            for (var o = 0; o < expected.Length; o++)
                Assert.True(Math.Abs(expected[o] - given[o]) <= 1e-6 * Math.Max(1, Math.Abs(expected[o])), $"{file}, row {r}: {expected[o]:R} and {given[o]:R}");
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Contributions_are_XGBoosts_own(string file)
    {
        if (Golden.Value.GetProperty(Name(file)).GetProperty("contributions").ValueKind == JsonValueKind.Null)
            return;
        var model = Read(file);
        var explainer = new ShapExplainer(model.Model);
        var theirs = Numbers(file, "contributions");
        for (var r = 0; r < theirs.Length; r++)
        {
            var own = new double[explainer.Width];
            explainer.Explain(Rows(file)[r], own);
            for (var c = 0; c < own.Length; c++)
                Assert.Equal(theirs[r][c], own[c], 5e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Models_survive_our_artifact_and_have_an_onnx_form(string file)
    {
        var model = Read(file);
        var again = TrainedModel.FromArtifact(model.ToArtifact());
        var rows = Rows(file).SelectMany(r => r).ToArray();
        Assert.Equal(model.PredictRows(rows, rows.Length / model.FeatureCount), again.PredictRows(rows, rows.Length / model.FeatureCount));
        var onnx = OnnxExporter.Export(model.Model, null, model.Task == TaskKind.Regression ? null : model.Classes);
        Assert.Equal(ModelFormat.Onnx, ForeignModel.Recognise(onnx));
    }

    [Theory]
    [InlineData("binary.json", ModelFormat.XGBoostJson)]
    [InlineData("binary.ubj", ModelFormat.XGBoostUbj)]
    public void Formats_are_recognised_by_content(string file, ModelFormat format) =>
        Assert.Equal(format, ForeignModel.Recognise(File.ReadAllBytes(Path.Combine(Folder, file))));

    [Theory]
    [InlineData("sets.json")]
    [InlineData("sets.ubj")]
    [InlineData("classes.ubj")]
    public void Broken_files_are_refused(string file) => Mutations.Try(File.ReadAllBytes(Path.Combine(Folder, file)), 2000);

    private static string Name(string file) => Path.GetFileNameWithoutExtension(file);

    private static TrainedModel Read(string file) => ForeignModel.TryRead(File.ReadAllBytes(Path.Combine(Folder, file))).Model!;

    private static float[][] Rows(string file) => [.. Golden.Value.GetProperty(Name(file)).GetProperty("rows").EnumerateArray()
        .Select(row => row.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? float.NaN : v.GetSingle()).ToArray())];

    private static double[][] Numbers(string file, string member) => [.. Golden.Value.GetProperty(Name(file)).GetProperty(member).EnumerateArray()
        .Select(row => row.EnumerateArray().Select(v => v.GetDouble()).ToArray())];
}
