using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Serialization.Foreign;
using ModelHub.Engine.Serialization.Onnx;
using ModelHub.Engine.Trees;
using ModelHub.Infrastructure.Natives;

namespace ModelHub.Api.Tests.Natives;

public class OnnxRuntimeTests
{
    private static readonly ModelTarget YesOrNo = new(TaskKind.Binary, "y", ["no", "yes"]);

    private static OnnxRuntime Runtime => new(NativeLibraries.Of(""));

    [NativeFact]
    public async Task A_file_is_probed_and_scores_columns_by_name()
    {
        var model = Exported(["a", "b"]);
        await Runtime.ProbeAsync(model, CancellationToken.None);
        await using var runner = Runtime.Load(model, YesOrNo);
        Assert.Equal(["a", "b"], runner.Header.Inputs.Select(i => i.Name));
        var rows = Rows(("b", 5), ("a", 1));
        Assert.Equal(1 / (1 + Math.Exp(-2)), (await runner.PredictAsync(rows, CancellationToken.None))[1], 1e-6);
        Assert.Equal(5000 * 2, (await runner.PredictAsync(rows.Take(new int[5000]), CancellationToken.None)).Length);
    }

    [NativeFact]
    public async Task A_single_matrix_takes_the_columns_in_their_order()
    {
        await using var runner = Runtime.Load(Exported(null), YesOrNo);
        Assert.Equal(1 / (1 + Math.Exp(-2)), (await runner.PredictAsync(Rows(("x", 1), ("y", 5)), CancellationToken.None))[1], 1e-6);
        var refused = await Assert.ThrowsAsync<ModelHubException>(() => runner.PredictAsync(Rows(("x", 1)), CancellationToken.None));
        Assert.Contains("2 columns", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>The second row of a runner goes another way than the first (see OnnxBinding), on as many threads as ask.</summary>
    [NativeFact]
    public async Task Single_rows_again_and_again_are_scored_as_in_a_table()
    {
        await using var runner = Runtime.Load(Exported(["a", "b"]), YesOrNo);
        var values = Enumerable.Range(0, 400).Select(i => i % 7 == 0 ? double.NaN : i % 5).ToArray();
        var whole = await runner.PredictAsync(
            new Table([new NumericColumn("a", ColumnKind.Numeric, values), new NumericColumn("b", ColumnKind.Numeric, values)], values.Length), CancellationToken.None);
        await Parallel.ForAsync(0, values.Length, async (i, stop) =>
            Assert.Equal(whole[(2 * i)..(2 * i + 2)], await runner.PredictAsync(Rows(("a", values[i]), ("b", values[i])), stop)));
    }

    [NativeFact]
    public async Task Broken_files_are_refused_with_a_reason()
    {
        var model = Exported(["a", "b"]);
        var cut = await Assert.ThrowsAsync<ModelHubException>(() => Runtime.ProbeAsync(model.AsMemory(0, model.Length / 2), CancellationToken.None));
        Assert.Equal(ErrorKind.Invalid, cut.Kind);
        Assert.Equal(ModelFormat.Onnx, ForeignModel.Recognise(model));
    }

    [Fact]
    public async Task External_data_is_refused_before_the_library_sees_it()
    {
        // ModelProto.graph.initializer with data_location = EXTERNAL.
        byte[] model = [0x08, 8, 0x3A, 4, 0x2A, 2, 0x70, 1];
        var folder = Directory.CreateTempSubdirectory();
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "libonnxruntime.so.1"), "no library");
        var refused = Assert.Throws<ModelHubException>(() => new OnnxRuntime(new NativeLibraries(folder.FullName)).Load(model, YesOrNo));
        Assert.Contains("external data", refused.Message, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Without_the_library_the_command_is_named()
    {
        var refused = Assert.Throws<ModelHubException>(() => new OnnxRuntime(new NativeLibraries("/nowhere")).Load(new byte[1], YesOrNo));
        Assert.Equal(ErrorKind.Unavailable, refused.Kind);
        Assert.Contains("./modelhub natives", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_graph_that_wants_a_million_rows_at_a_time_is_refused()
    {
        var refused = Assert.Throws<OnnxException>(() => new OnnxColumns(null!, [new OnnxPort("x", OnnxColumns.Single, [1_000_000, 1])]));
        Assert.Contains("1000000 rows", refused.Message, StringComparison.Ordinal);
        Assert.Equal(32, new OnnxColumns(null!, [new OnnxPort("x", OnnxColumns.Single, [32, 1])]).Batch);
    }

    private static Table Rows(params (string Name, double Value)[] cells) =>
        new([.. cells.Select(c => new NumericColumn(c.Name, ColumnKind.Numeric, [c.Value]))], 1);

    /// <summary>b &lt;= 3 ? -1 : 2, as log odds.</summary>
    private static byte[] Exported(string[]? names)
    {
        var tree = new Tree
        {
            Feature = [1, -1, -1],
            Threshold = [3, 0, 0],
            Left = [1, 0, 0],
            Right = [2, 0, 0],
            MissingLeft = [true, false, false],
            CategoryOffset = [-1, -1, -1],
            CategoryWords = [0, 0, 0],
            CategoryBits = [],
            Value = [0, -1, 2],
            Cover = [2, 1, 1],
            Gain = [1, 0, 0],
        };
        return OnnxExporter.Export(new Forest([tree], [0], 2, Engine.Link.Logistic), names?.Select(n => new OnnxInput(n)).ToList(), ["no", "yes"]);
    }
}
