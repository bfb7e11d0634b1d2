using System.IO.Compression;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelHub.Api.Tests.CustomModels;
using ModelHub.Api.Tests.Registry;

namespace ModelHub.Api.Tests.Models;

/// <summary>Custom models, and the registry's, from hub to hub as one file.</summary>
[Collection("hub")]
public sealed class TransferTests(RunningHub hub)
{
    private static readonly object Wanted = new
    {
        name = "traveller", customModelType = "inference", targetType = "Binary", targetName = "y", positiveClassLabel = "1", negativeClassLabel = "0",
        description = "goes places", language = "text",
    };

    private static readonly object Row = new { inputs = new { x = 0, y = 0.5 } };

    [Fact]
    public async Task An_upload_goes_to_another_hub_with_all_versions_and_predicts_the_same_bits()
    {
        var (name, workspace) = ("m-" + Guid.NewGuid().ToString("N"), await Uploads.NewWorkspaceAsync(hub));
        string[] contents = [BrokenFileTests.LightGbm, BrokenFileTests.LightGbm.Replace("leaf_value=0.5", "leaf_value=0.75", StringComparison.Ordinal)];
        var numbers = new List<long>();
        foreach (var content in contents)
            numbers.Add(await Uploads.SendAsync(hub, workspace, Encoding.UTF8.GetBytes(content), "model.txt", "lightgbm", name));
        foreach (var number in numbers)
            Assert.Equal("ready", (await Uploads.SettledAsync(hub, number)).GetProperty("status").GetString());
        var packed = await hub.Client.GetByteArrayAsync($"/api/custom-models/{numbers[0]}/export");

        await using var elsewhere = new OtherHub();
        var other = await elsewhere.StartAsync();
        var project = await ProjectAsync(other);
        var made = (await ImportAsync(other, project, packed).JsonAsync(201)).GetProperty("custom_model");
        Assert.Equal(name, made.GetProperty("name").GetString());
        var versions = made.GetProperty("versions").EnumerateArray().ToList();
        Assert.Equal(["v1.0", "v1.1"], versions.Select(v => v.GetProperty("label").GetString()));
        for (var v = 0; v < 2; v++)
        {
            var settled = await Uploads.SettledAsync(elsewhere.Hub, versions[v].GetProperty("number").GetInt64());
            Assert.Equal("ready", settled.GetProperty("status").GetString());
            var file = settled.GetProperty("file_info");
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(contents[v]))), file.GetProperty("sha").GetString());
            Assert.Equal("model.txt", file.GetProperty("file_name").GetString());
            Assert.Equal(await PredictedAsync(hub.Client, (await Uploads.VersionAsync(hub, numbers[v])).GetProperty("model_version").GetProperty("file_info").GetProperty("version").GetString()!),
                await PredictedAsync(other, versions[v].GetProperty("id").GetString()!));
        }
        // Where it was is told, and on from there as well.
        var manifest = await ManifestAsync(other, made.GetProperty("id").GetString()!);
        var here = await ManifestAsync(hub.Client, numbers[1].ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(here.GetProperty("id").GetString(), manifest.GetProperty("lineage").GetProperty("manifest").GetProperty("id").GetString());
        Assert.Equal(here.GetProperty("versions")[0].GetProperty("golden").GetRawText(), manifest.GetProperty("versions")[0].GetProperty("golden").GetRawText());
        Assert.Contains("another 'name'", (await ImportAsync(other, project, packed).JsonAsync(409)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        await ImportAsync(other, project, await other.GetByteArrayAsync($"/api/custom-models/{made.GetProperty("id")}/export"), "on-its-way").JsonAsync(201);
    }

    [Fact]
    public async Task A_custom_model_keeps_its_files_its_settings_and_what_was_found_out()
    {
        var (id, version) = await hub.ModelAsync(Wanted, ("model.txt", BrokenFileTests.LightGbm), ("docs/notes.md", "some notes"));
        var packed = await hub.Client.GetByteArrayAsync($"/api/custom-models/{id}/export");
        var made = (await ImportAsync(hub.Client, await ProjectAsync(hub.Client), packed, "arrived").JsonAsync(201)).GetProperty("custom_model");
        var path = $"/api/v2/customModels/{made.GetProperty("id").GetString()}/";
        var model = await hub.Client.GetAsync(path).JsonAsync();
        Assert.Equal(("arrived", "goes places", "1"), (Text(model, "name"), Text(model, "description"), Text(model, "positiveClassLabel")));
        var latest = model.GetProperty("latestVersion");
        Assert.Equal(version.GetProperty("baseEnvironmentId").GetString(), latest.GetProperty("baseEnvironmentId").GetString());
        Assert.Equal(["model.txt", "docs/notes.md"], latest.GetProperty("items").EnumerateArray().Select(i => Text(i, "filePath")));
        Assert.Equal(await PredictedAsync(hub.Client, version.GetProperty("id").GetString()!), await PredictedAsync(hub.Client, latest.GetProperty("id").GetString()!));
        using var stranger = await hub.NewUserAsync();
        await stranger.GetAsync($"/api/custom-models/{id}/export").JsonAsync(404);
        await stranger.GetAsync($"/api/custom-models/{id}/manifest").JsonAsync(404);
        await ImportAsync(stranger, Guid.NewGuid().ToString(), packed).JsonAsync(404);
        await ImportAsync(stranger, await ProjectAsync(hub.Client), packed).JsonAsync(404);
        await hub.Client.GetAsync("/api/custom-models/999999999/export").JsonAsync(404);
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "bytes", "was changed" }, { "missing", "not there" }, { "strange", "does not name" }, { "elsewhere", "does not belong" }, { "no manifest", "nothing that a hub exported" },
        { "golden", "predicts here otherwise" }, { "kind", "of no custom model" }, { "newer", "newer hub" }, { "twice", "there twice" }, { "path", "leads out" },
        { "nul", "of no custom model" }, { "versions", "1 to 1000 versions" }, { "word", "not what a hub writes" }, { "long", "too long" }, { "not json", "not what a hub writes" },
        { "hash", "not there" }, { "memory", "maximumMemory" }, { "upload", "without a file" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task What_was_changed_is_refused_and_nothing_is_imported(string what, string said)
    {
        var name = "unwanted-" + Guid.NewGuid().ToString("N");
        var (id, _) = await hub.ModelAsync(Wanted, ("model.txt", BrokenFileTests.LightGbm), ("notes.md", "notes"));
        var packed = Changed(await hub.Client.GetByteArrayAsync($"/api/custom-models/{id}/export"), what);
        var refused = await ImportAsync(hub.Client, await ProjectAsync(hub.Client), packed, name).JsonAsync(422);
        Assert.Contains(said, refused.GetRawText().Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(0, (await hub.Client.GetAsync($"/api/v2/customModels/?searchFor={name}").JsonAsync()).GetProperty("totalCount").GetInt32());
    }

    [Fact]
    public async Task What_is_no_archive_of_a_hub_is_refused()
    {
        var project = await ProjectAsync(hub.Client);
        foreach (var bytes in new[] { [], "no zip"u8.ToArray(), "PK\u0003\u0004 and no more"u8.ToArray(), new byte[100_000] })
            await ImportAsync(hub.Client, project, bytes).JsonAsync(422);
        await ImportAsync(hub.Client, "no id", []).JsonAsync(422);
    }

    private static byte[] Changed(byte[] packed, string what)
    {
        using var source = new ZipArchive(new MemoryStream(packed));
        var files = source.Entries.ToDictionary(e => e.FullName, e =>
        {
            using var content = new MemoryStream();
            using var entry = e.Open();
            entry.CopyTo(content);
            return content.ToArray();
        });
        var manifest = JsonNode.Parse(files["manifest.json"])!;
        var version = manifest["versions"]![0]!;
        var artifact = files.Keys.First(k => k != "manifest.json");
        switch (what)
        {
            case "bytes": files[artifact][0] ^= 1; break;
            case "missing": files.Remove(artifact); break;
            case "strange": files["artifacts/" + Convert.ToHexStringLower(SHA256.HashData("stray"u8))] = "stray"u8.ToArray(); break;
            case "elsewhere": files["loot"] = [1]; break;
            case "golden": version["golden"]![2] = 0.123; break;
            case "kind": manifest["of"] = "model"; break;
            case "newer": manifest["format"] = 2; break;
            case "twice": manifest["versions"]!.AsArray().Add(version.DeepClone()); break;
            case "path": version["files"]![0]!["path"] = "../evil"; break;
            case "nul": manifest["description"] = "a\0b"; break;
            case "versions": manifest["versions"] = new JsonArray(); break;
            case "word": manifest["target_type"] = "astrology"; break;
            case "long": manifest["description"] = new string('d', 10_001); break;
            case "hash": version["files"]![0]!["sha256"] = "../../etc/passwd"; break;
            case "memory": version["runtime"]!["maximum_memory"] = 1L << 50; break;
            case "upload": version["upload_sha256"] = version["files"]![0]!["sha256"]!.DeepClone(); break;
        }
        files["manifest.json"] = what == "not json" ? "{"u8.ToArray() : Encoding.UTF8.GetBytes(manifest.ToJsonString());
        if (what == "no manifest")
            files.Remove("manifest.json");
        using var target = new MemoryStream();
        using (var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, content) in files)
            {
                using var entry = zip.CreateEntry(path).Open();
                entry.Write(content);
            }
        }
        return target.ToArray();
    }

    private static string? Text(JsonElement of, string member) => of.GetProperty(member).GetString();

    private static async Task<string> ProjectAsync(HttpClient client) =>
        (await client.PostAsJsonAsync("/api/projects", new { name = "transfers " + Guid.NewGuid() }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;

    private static async Task<string> PredictedAsync(HttpClient client, string id) =>
        (await client.PostAsJsonAsync($"/api/models/{id}/predict", Row).JsonAsync()).GetProperty("predictions").GetRawText();

    private static async Task<JsonElement> ManifestAsync(HttpClient client, string id) =>
        (await client.GetAsync($"/api/custom-models/{id}/manifest").JsonAsync()).GetProperty("manifest");

    private static async Task<HttpResponseMessage> ImportAsync(HttpClient client, string project, byte[] file, string? name = null)
    {
        using var form = new MultipartFormDataContent { { new StringContent(project), "project_id" }, { new ByteArrayContent(file), "file", "model.zip" } };
        if (name is not null)
            form.Add(new StringContent(name), "name");
        return await client.PostAsync("/api/custom-models/import", form);
    }
}
