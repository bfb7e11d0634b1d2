using System.Text;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Serialization.Foreign;

namespace ModelHub.Engine.Tests.Foreign;

/// <summary>Small files by hand, in the form that LightGBM 4 writes, with what they give worked out on paper.</summary>
public class LightGbmTests
{
    // Tree 0: x <= 0.5 (missing to the left by its own bit) ? (kind in {1, 33} ? 1 : -2) : 0.25; tree 1: y <= 0.1 without missing values seen ? 0.5 : -0.5.
    private const string Trees = """
        Tree=0
        num_leaves=3
        num_cat=1
        split_feature=0 2
        split_gain=10 5
        threshold=0.5 0
        decision_type=10 1
        left_child=1 -1
        right_child=-2 -3
        leaf_value=1 0.25 -2
        leaf_weight=10 20 30
        leaf_count=10 20 30
        internal_value=0 0
        internal_weight=0 0
        internal_count=60 40
        cat_boundaries=0 2
        cat_threshold=2 2
        is_linear=0
        shrinkage=1


        Tree=1
        num_leaves=2
        num_cat=0
        split_feature=1
        split_gain=3
        threshold=0.10000000000000001
        decision_type=0
        left_child=-1
        right_child=-2
        leaf_value=0.5 -0.5
        leaf_weight=30 30
        leaf_count=30 30
        internal_value=0
        internal_weight=0
        internal_count=60
        is_linear=0
        shrinkage=0.1


        end of trees

        """;

    [Theory]
    [InlineData(0.5, 0.1, 1, 1 - 0.5)] // 0.1 as a float is above the double 0.1
    [InlineData(0.5, 0.09, 33, 1.5)]
    [InlineData(0.5, 0.09, 2, -1.5)]
    [InlineData(0.5, 0.09, 400, -1.5)]
    [InlineData(0.5, 0.09, -1, -1.5)]
    [InlineData(0.5, 0.09, double.NaN, -1.5)]
    [InlineData(0.51, 0.2, 1, -0.25)]
    [InlineData(double.NaN, double.NaN, 1, 1.5)]
    public void Scores_are_those_of_the_paper(double x, double y, double kind, double score)
    {
        float[] row = [(float)x, (float)y, (float)kind];
        Assert.Equal(score, Read("regression", "").PredictRows(row, 1)[0], 1e-7);
        Assert.Equal(score / 2, Read("regression", "average_output\n").PredictRows(row, 1)[0], 1e-7);
        Assert.Equal(1 / (1 + Math.Exp(-2 * score)), Read("binary sigmoid:2", "").PredictRows(row, 1)[1], 1e-7);
        Assert.Equal(1 / (1 + Math.Exp(-score)), Read("cross_entropy", "").PredictRows(row, 1)[0], 1e-7);
        Assert.Equal(Math.Exp(score), Read("poisson", "").PredictRows(row, 1)[0], 1e-6);
    }

    [Fact]
    public void Every_class_has_a_tree_of_each_round()
    {
        var model = Read("multiclass num_class:2", "", 2);
        var (a, b) = (Math.Exp(0.25), Math.Exp(-0.5));
        Assert.Equal(a / (a + b), model.PredictRows([1, 1, 1], 1)[0], 1e-7);
        Assert.Equal(TaskKind.Multiclass, model.Task);
    }

    [Fact]
    public void Levels_of_pandas_are_taken_as_texts()
    {
        var text = File("regression", "") + "pandas_categorical:[[\"red\", \"green\"]]\n";
        var model = ForeignModel.TryRead(Encoding.UTF8.GetBytes(text)).Model!;
        var table = new Table([new NumericColumn("x", ColumnKind.Numeric, [0, 0]), new NumericColumn("y", ColumnKind.Numeric, [1, 1]),
            new TextColumn("kind", ColumnKind.Category, ["green", "red"])], 2);
        Assert.Equal([0.5, -2.5], model.Predict(table));
    }

    [Theory]
    [InlineData("regression sqrt")]
    [InlineData("multiclassova num_class:1 sigmoid:1")]
    public void What_has_no_form_here_is_refused_by_name(string objective) =>
        Assert.Contains(objective, Assert.Throws<EngineException>(() => Read(objective, "")).Message, StringComparison.Ordinal);

    [Fact]
    public void Broken_files_are_refused() => Mutations.Try(Encoding.UTF8.GetBytes(File("binary sigmoid:1", "")), 2000);

    [Fact]
    public void Files_that_nobody_runs_here_are_told_apart()
    {
        Assert.Equal(ModelFormat.Pickle, ForeignModel.Recognise([0x80, 4, 0x95, 1]));
        Assert.Equal(ModelFormat.Zip, ForeignModel.Recognise("PK\x03\x04rest"u8));
        Assert.Equal(ModelFormat.Unknown, ForeignModel.Recognise("a,b\n1,2\n"u8));
        Assert.Equal(ModelFormat.Unknown, ForeignModel.Recognise([]));
        Assert.Equal(ModelFormat.LightGbmText, ForeignModel.Recognise(Encoding.UTF8.GetBytes(File("binary", ""))));
    }

    private static TrainedModel Read(string objective, string more, int classes = 1) =>
        ForeignModel.TryRead(Encoding.UTF8.GetBytes(File(objective, more, classes))).Model!;

    private static string File(string objective, string more, int classes = 1) =>
        $"tree\nversion=v4\nnum_class={classes}\nnum_tree_per_iteration={classes}\nlabel_index=0\nmax_feature_idx=2\nobjective={objective}\n"
        + $"feature_names=x y kind\nfeature_infos=[0:1] [0:1] 0:1:33\n{more}tree_sizes=1 1\n\n" + Trees.ReplaceLineEndings("\n");
}
