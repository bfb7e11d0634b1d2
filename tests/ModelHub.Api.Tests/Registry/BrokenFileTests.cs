using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Api.Tests.Natives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Registry;
using ModelHub.Application.Serving;
using ModelHub.Engine.Serialization.Onnx;
using ModelHub.Engine.Trees;

namespace ModelHub.Api.Tests.Registry;

/// <summary>
/// Files with flipped bits and cut ends: each is found sound (as another model) or refused with a reason, and nothing else happens. The
/// readers themselves see thousands in the engine's tests; here they go the way of uploads. MODELHUB_MUTATIONS=2000 tries so many of each
/// format instead of a few (reliability case M3): <c>dotnet test tests/ModelHub.Api.Tests --filter "Broken_|Bytes_changed"</c>.
/// </summary>
[Collection("others models")]
public class BrokenFileTests(RunningHub hub)
{
    internal const string LightGbm = """
        tree
        version=v4
        num_class=1
        num_tree_per_iteration=1
        label_index=0
        max_feature_idx=1
        objective=binary sigmoid:1
        feature_names=x y
        feature_infos=[0:1] [0:1]
        tree_sizes=400

        Tree=0
        num_leaves=2
        num_cat=0
        split_feature=1
        split_gain=3
        threshold=0.10000000000000001
        decision_type=2
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

    /// <summary>How many of each; Arrow has 4,000 in any case (ArrowTests).</summary>
    internal static int Many(int few) =>
        Environment.GetEnvironmentVariable("MODELHUB_MUTATIONS") is { Length: > 0 } wanted ? int.Parse(wanted, System.Globalization.CultureInfo.InvariantCulture) : few;

    [Theory]
    [InlineData("xgboost-json")]
    [InlineData("xgboost-ubj")]
    [InlineData("lightgbm")]
    [InlineData("modelhub")]
    [InlineData("zip")]
    public async Task Broken_files_end_in_a_reason(string format)
    {
        var whole = await FileAsync(format);
        var random = new Random(17);
        var store = hub.Services.GetRequiredService<IArtifactStore>();
        await using var scope = hub.Services.CreateAsyncScope();
        var (check, unpacker) = (scope.ServiceProvider.GetRequiredService<UploadCheck>(),
            scope.ServiceProvider.GetRequiredService<UploadUnpacker>());
        Assert.Null(await ReasonAsync(whole));
        var refused = 0;
        var many = Many(300);
        for (var i = 0; i < many; i++)
            refused += await ReasonAsync(Broken(whole, random, i)) is null ? 0 : 1;
        Assert.InRange(refused, many / 3, many);

        async Task<string?> ReasonAsync(byte[] content)
        {
            var stored = await store.PutAsync(async (stream, stop) => await stream.WriteAsync(content, stop), CancellationToken.None);
            var version = new CustomModelVersion(Guid.NewGuid(), 1, 0, Guid.NewGuid(), DateTimeOffset.UnixEpoch);
            try
            {
                var files = content.AsSpan().StartsWith("PK"u8)
                    ? await unpacker.UnpackAsync(stored.Sha256, CancellationToken.None) : [("model.bin", stored)];
                for (var f = 0; f < files.Count; f++)
                    version.Add(
                        new CustomModelFile(version.Id, f, files[f].Path, files[f].Bytes.Sha256, files[f].Bytes.Size,
                            DateTimeOffset.UnixEpoch));
                await check.RunAsync(version, CancellationToken.None);
                return null;
            }
            catch (ModelHubException refusal)
            {
                Assert.True(refusal.Kind is ErrorKind.Invalid or ErrorKind.TooLarge or ErrorKind.NotFound, refusal.ToString());
                Assert.NotEmpty(refusal.Message);
                return refusal.Message;
            }
        }
    }

    /// <summary>Through the door: a version of each in error, and the hub as it was.</summary>
    [Theory]
    [InlineData("xgboost-ubj")]
    [InlineData("modelhub")]
    public async Task A_broken_upload_is_in_error(string format)
    {
        var whole = await FileAsync(format);
        var workspace = await Uploads.NewWorkspaceAsync(hub);
        var numbers = new List<long>();
        for (var i = 0; i < 8; i++)
            numbers.Add(await Uploads.SendAsync(hub, workspace, whole[..(whole.Length * (i + 1) / 10)], "model.bin"));
        foreach (var number in numbers)
        {
            var version = await Uploads.SettledAsync(hub, number);
            Assert.Equal("error", version.GetProperty("status").GetString());
            Assert.NotEmpty(version.GetProperty("error_summary").GetString()!);
        }
        await hub.Client.PostAsJsonAsync("/v1/api/models/list", new { workspace_id = workspace }).JsonAsync();
    }

    /// <summary>Each is first loaded in a process of its own, which may crash.</summary>
    [NativeFact]
    public async Task Broken_ONNX_files_end_in_a_reason()
    {
        var whole = Onnx();
        var random = new Random(3);
        var runtime = hub.Services.GetRequiredService<IOnnxRuntime>();
        await runtime.ProbeAsync(whole, CancellationToken.None);
        var refused = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Many(12)).Select(i => Broken(whole, random, i)).ToList(), async (changed, stop) =>
        {
            try
            {
                await runtime.ProbeAsync(changed, stop);
            }
            catch (ModelHubException refusal)
            {
                Assert.Equal(ErrorKind.Invalid, refusal.Kind);
                Assert.StartsWith("The ONNX file cannot be run: ", refusal.Message, StringComparison.Ordinal);
                Interlocked.Increment(ref refused);
            }
        });
        Assert.NotEqual(0, refused);
        // And through the door: in error, with the reason.
        var workspace = await Uploads.NewWorkspaceAsync(hub);
        var version = await Uploads.SettledAsync(hub, await Uploads.SendAsync(hub, workspace, whole[..(whole.Length / 2)], "model.onnx"));
        Assert.Equal("error", version.GetProperty("status").GetString());
        Assert.NotEmpty(version.GetProperty("error_summary").GetString()!);
        Assert.Equal("ready", (await Uploads.SettledAsync(hub, await Uploads.SendAsync(hub, workspace, whole, "model.onnx"))).GetProperty("status").GetString());
    }

    private static byte[] Broken(byte[] whole, Random random, int turn)
    {
        var changed = whole[..(turn % 3 == 0 ? random.Next(whole.Length) : whole.Length)];
        for (var flips = turn % 3 == 0 ? 0 : 1 << random.Next(6); flips > 0; flips--)
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        return changed;
    }

    private async Task<byte[]> FileAsync(string format)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Registry");
        return format switch
        {
            "xgboost-json" => await File.ReadAllBytesAsync(Path.Combine(folder, "binary.json")),
            "xgboost-ubj" => await File.ReadAllBytesAsync(Path.Combine(folder, "binary.ubj")),
            "lightgbm" => Encoding.UTF8.GetBytes(LightGbm),
            "zip" => RegistryTests.Zip(("model.json", await File.ReadAllBytesAsync(Path.Combine(folder, "binary.json")))),
            _ => await hub.Client.GetByteArrayAsync($"/api/models/{(await Leaderboards.OfAsync(hub, "regression")).BestId}/artifact"),
        };
    }

    internal static byte[] Onnx()
    {
        var tree = new Tree
        {
            Feature = [1, -1, -1], Threshold = [3, 0, 0], Left = [1, 0, 0], Right = [2, 0, 0], MissingLeft = [true, false, false],
            CategoryOffset = [-1, -1, -1], CategoryWords = [0, 0, 0], CategoryBits = [], Value = [0, -1, 2], Cover = [2, 1, 1],
                Gain = [1, 0, 0],
        };
        return OnnxExporter.Export(new Forest([tree], [0], 2, Engine.Link.Logistic), [new OnnxInput("a"), new OnnxInput("b")],
            ["no", "yes"]);
    }
}
