using System.IO.Compression;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.Datasets;

/// <summary>Files that are refused: by what is wrong and where, with nothing made and nothing left on the disk.</summary>
[Collection("hub")]
public sealed class BadFileTests(RunningHub hub)
{
    private static readonly Dictionary<string, (string File, byte[] Bytes, string Says)> Files = new(StringComparer.Ordinal)
    {
        ["ragged"] = ("t.csv", Text("a,b\n1,2\n3\n"), "row 2"),
        ["unterminated quote"] = ("t.csv", Text("a,b\n1,\"two\n3,4\n"), "quot"),
        ["invalid UTF-8"] = ("t.csv", [.. Text("a,b\n1,x"), 0xC3, 0x28, .. Text("\n")], "UTF-8"),
        ["empty"] = ("t.csv", [], "empty"),
        ["null character in a cell"] = ("t.csv", Text("a,b\n1,x\n2,x\0y\n"), "row 2"),
        ["null character in a name"] = ("t.csv", Text("a\0,b\n1,x\n"), "null character"),
        ["records with nothing in common"] = ("t.json", Text($"[{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"{{\"c{i}\":1}}"))}]"), "too little in common"),
        ["100k columns"] = ("t.csv", Text(string.Join(',', Enumerable.Range(0, 100_000).Select(i => "c" + i)) + "\n"), "20000"),
        ["libsvm index 0"] = ("t.svm", Text("1 1:2\n0 0:5\n"), "row 2"),
        ["libsvm index huge"] = ("t.svm", Text("1 1:2\n0 4000000000:5\n"), "row 2"),
        ["broken JSON"] = ("t.json", Text("[{\"a\": 1}, {\"a\": "), ""),
        ["gzip bomb"] = ("t.csv.gz", Bomb(), "gzip"),
        ["cut gzip"] = ("t.csv.gz", Zipped(Text("a,b\n1,2\n"))[..^9], ""),
    };

    public static TheoryData<string> Names() => [.. Files.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_is_refused_with_its_place_and_leaves_nothing(string name)
    {
        var (file, bytes, says) = Files[name];
        var project = await ProjectAsync();
        var before = Disk();
        using var answer = await UploadAsync(project, file, bytes);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode is 413 or 422, $"{name}: {(int)answer.StatusCode} {text}");
        var detail = JsonSerializer.Deserialize<JsonElement>(text).GetProperty("detail").GetString()!;
        Assert.Contains(says, detail.Replace(",", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        var list = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/datasets?project_id={project}");
        Assert.Equal(0, list.GetProperty("total").GetInt32());
        Assert.Equal(before, Disk());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("multipart/form-data")]
    [InlineData("multipart/form-data; boundary")]
    public async Task A_form_without_its_boundary_is_refused(string? type)
    {
        using var content = new ByteArrayContent(Text("--b--"));
        if (type is not null)
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var answer = await hub.Client.PostAsync("/api/datasets", content);
        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Contains("boundary", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kinds_that_are_told_are_not_inferred()
    {
        var bytes = Text("code,n\n007,1\n008,2\n");
        using var kept = await UploadAsync(await ProjectAsync(), "t.csv", bytes, "{\"code\": \"category\"}");
        var dataset = (await kept.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("dataset");
        Assert.Equal(["category", "integer"], dataset.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("kind").GetString()!));
        foreach (var (kinds, says) in new[] { ("{\"n\": \"colour\"}", "'colour' of column 'n'"), ("{\"nobody\": \"text\"}", "nobody"), ("[", "JSON object") })
        {
            using var refused = await UploadAsync(await ProjectAsync(), "t.csv", bytes, kinds);
            var text = await refused.Content.ReadAsStringAsync();
            Assert.True((int)refused.StatusCode == 422, $"{kinds}: {text}");
            Assert.Contains(says, JsonSerializer.Deserialize<JsonElement>(text).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("x,y\n1,a\n2,a\n3,a\n4,a\n5,a\n6,a\n", "y")]
    [InlineData("x,y\n1,inf\n2,1\n3,2\n4,5\n5,4\n6,3\n", "y")]
    [InlineData("x,y\n1,1.5\n2,2.5\n", "y")]
    [InlineData("x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n", "nobody")]
    public async Task Training_on_what_cannot_be_learned_is_refused_or_ends_with_its_reason(string csv, string target)
    {
        using var uploaded = await UploadAsync(await ProjectAsync(), "t.csv", Text(csv));
        var said = await uploaded.Content.ReadAsStringAsync();
        if (!uploaded.IsSuccessStatusCode)
        {
            Assert.Equal(422, (int)uploaded.StatusCode);
            return;
        }
        var version = JsonSerializer.Deserialize<JsonElement>(said).GetProperty("dataset").GetProperty("version_id").GetString();
        using var answer = await hub.Client.PostAsJsonAsync("/api/experiments", new
        {
            dataset_version_id = version, name = "run", target_column = target, config = new { mode = "high_speed", nfolds = 5 },
        });
        var run = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
        if (!answer.IsSuccessStatusCode)
        {
            Assert.Equal(422, (int)answer.StatusCode);
            Assert.Contains(target, run.GetProperty("detail").GetString(), StringComparison.Ordinal);
            return;
        }
        var id = run.GetProperty("experiment").GetProperty("id").GetString();
        for (var i = 0; i < 300; i++)
        {
            var now = (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/experiments/{id}")).GetProperty("experiment");
            if (now.GetProperty("status").GetString() is not ("queued" or "running"))
            {
                Assert.Equal("failed", now.GetProperty("status").GetString());
                Assert.NotEqual("", now.GetProperty("error").GetString());
                return;
            }
            await Task.Delay(100);
        }
        Assert.Fail("It did not end.");
    }

    private async Task<string> ProjectAsync()
    {
        var made = await hub.Client.PostAsJsonAsync("/api/projects", new { name = "bad " + Guid.NewGuid() });
        return (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("project").GetProperty("id").GetString()!;
    }

    private async Task<HttpResponseMessage> UploadAsync(string project, string file, byte[] bytes, string? kinds = null)
    {
        using var form = new MultipartFormDataContent { { new StringContent(project), "project_id" }, { new StringContent("table"), "name" } };
        if (kinds is not null)
            form.Add(new StringContent(kinds), "kinds");
        form.Add(new ByteArrayContent(bytes), "file", file);
        return await hub.Client.PostAsync("/api/datasets", form);
    }

    /// <summary>All files of the hub's data folder that hold artifacts, or halves of them.</summary>
    private string[] Disk() =>
        [.. Directory.EnumerateFiles(hub.Folder, "*", SearchOption.AllDirectories).Where(f => !f.Contains("postgres", StringComparison.Ordinal)).Order()];

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Bomb()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Text("a,b\n"));
            var rows = Text(string.Concat(Enumerable.Repeat("1,2\n", 1 << 18)));
            for (var i = 0; i < 64; i++)
                gzip.Write(rows);
        }
        return packed.ToArray();
    }

    private static byte[] Zipped(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }
}
