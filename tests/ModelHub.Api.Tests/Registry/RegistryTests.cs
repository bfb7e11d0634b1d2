using System.IO.Compression;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.Registry;

/// <summary>Uploads and lookups: what the documents show, and what strangers send.</summary>
[Collection("others models")]
public class RegistryTests(RunningHub hub)
{
    private static readonly byte[] Model = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Registry", "binary.json"));

    /// <summary>The members of the documents' answers, none missing and none beside them.</summary>
    [Fact]
    public async Task Answers_have_the_documents_shapes()
    {
        var workspace = await Uploads.NewWorkspaceAsync(hub);
        var number = await Uploads.SendAsync(hub, workspace, Model, "model.json", "xgboost");
        await Uploads.SettledAsync(hub, number);
        var both = await Uploads.VersionAsync(hub, number);
        Members(both, "model_version config");
        Members(both.GetProperty("model_version"), "name visibility workspace_id conversion id image_path status task_id file_info "
            + "created_on_version created_by created_at deployed error_summary");
        Members(both.GetProperty("model_version").GetProperty("conversion"), "python_version requirements framework framework_config");
        Members(both.GetProperty("model_version").GetProperty("file_info"), "version sha file_name size");
        Members(both.GetProperty("config"), "id model_version_id runtime filter_threshold tensor_fields input_schema output_schema "
            + "batch_config dynamic_batching_config continuous_batching_config queue_depth sidekick_uri openai");
        var config = await hub.Client.PostAsJsonAsync("/v1/api/models/get_config_by_id", new { model_id = number }).JsonAsync();
        Members(config, "model_config");
        Assert.Equal(both.GetProperty("config").GetRawText(), config.GetProperty("model_config").GetRawText());
        var entry = (await hub.Client.PostAsJsonAsync("/v1/api/models/list", new { workspace_id = workspace }).JsonAsync())
            .GetProperty("models")[0];
        Members(entry, "model model_versions workspace");
        Members(entry.GetProperty("model"), "id name owner_id created_at updated_at workspace_id");
        Members(entry.GetProperty("workspace"), "id name created_by archived created_at group_id");
        Assert.Equal(both.GetRawText(), entry.GetProperty("model_versions")[0].GetRawText());
        var listed = await hub.Client.PostAsJsonAsync("/v1/api/models/list_versions", new { models_pk_id = number }).JsonAsync();
        Members(listed[0], "sha models_pk_id model_version owner_id model_id id file_name image_path status");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Model)), listed[0].GetProperty("sha").GetString());
        Assert.Equal("xgboost", both.GetProperty("config").GetProperty("runtime").GetString());
        Assert.Equal(Model.Length, both.GetProperty("model_version").GetProperty("file_info").GetProperty("size").GetInt32());
    }

    [Fact]
    public async Task A_trained_model_is_listed_with_numbers_of_its_own()
    {
        var board = await Leaderboards.OfAsync(hub, "binary");
        var workspace = await Uploads.WorkspaceAsync(hub, board.ProjectId);
        var listed = (await hub.Client.PostAsJsonAsync("/v1/api/models/list", new { workspace_id = workspace }).JsonAsync())
            .GetProperty("models");
        var found = listed.EnumerateArray()
            .Single(m => VersionOf(m).GetProperty("file_info").GetProperty("version").GetString() == board.BestId);
        var (model, version) = (found.GetProperty("model").GetProperty("id").GetInt64(), VersionOf(found).GetProperty("id").GetInt64());
        Assert.NotEqual(model, version);
        Assert.Equal("ready", VersionOf(found).GetProperty("status").GetString());
        foreach (var number in new[] { model, version })
            Assert.Equal(version, (await Uploads.VersionAsync(hub, number)).GetProperty("model_version").GetProperty("id").GetInt64());
        var artifact = await hub.Client.GetByteArrayAsync($"/api/models/{board.BestId}/artifact");
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(artifact)), VersionOf(found).GetProperty("file_info").GetProperty("sha").GetString());
        using var stranger = await hub.NewUserAsync();
        await stranger.PostAsJsonAsync("/v1/api/models/get_version_by_id", new { model_version_id = version }).JsonAsync(404);
    }

    /// <summary>A pickle would run code when it is opened: nothing opens it.</summary>
    [Theory]
    [InlineData("pickle", "pickle")]
    [InlineData("keras", "HDF5")]
    [InlineData("torch", "PyTorch")]
    [InlineData("nothing", "neither a custom.py")]
    [InlineData("evil", "leads out of its folder")]
    [InlineData("text", "no model that is known")]
    public async Task What_does_not_run_here_is_told_what_to_do(string kind, string said)
    {
        byte[] content = kind switch
        {
            "pickle" => [0x80, 4, .. "cos\nsystem\n(S'touch /tmp/canary'\ntR."u8],
            "keras" => [0x89, .. "HDF\r\n\u001a\n and more"u8],
            "torch" => Zip(("archive/data.pkl", [0x80, 2]), ("archive/version", "3"u8.ToArray())),
            "nothing" => Zip(("a.txt", "a"u8.ToArray()), ("b.txt", "b"u8.ToArray())),
            "evil" => Zip(("../custom.py", "import os"u8.ToArray())),
            _ => "this is no model"u8.ToArray(),
        };
        var version = await Uploads.SettledAsync(hub,
            await Uploads.SendAsync(hub, await Uploads.NewWorkspaceAsync(hub), content, "model.bin"));
        Assert.Equal("error", version.GetProperty("status").GetString());
        Assert.Contains(said, version.GetProperty("error_summary").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Packages of the environment are had for the asking; of others the error says which one it is.</summary>
    [Theory]
    [InlineData("pip", "ready", "")]
    [InlineData("no-package-has-this-name==1.2", "error", "no-package-has-this-name")]
    [InlineData("--index-url=http://127.0.0.1", "error", "no requirement")]
    public async Task Packages_that_an_upload_needs_are_there_or_named(string requirement, string status, string said)
    {
        const string Code = "def score(data, model, **kwargs):\n    return [1.0] * len(data['a'])\n";
        var number = await Uploads.SendAsync(
            hub, await Uploads.NewWorkspaceAsync(hub), Zip(("custom.py", Encoding.UTF8.GetBytes(Code)), ("note.txt", "n"u8.ToArray())), "model.zip", "python", null, requirement);
        var version = await Uploads.SettledAsync(hub, number);
        Assert.True(version.GetProperty("status").GetString() == status, version.ToString());
        Assert.Contains(said, version.GetProperty("error_summary").GetString() ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_archive_with_one_model_file_is_that_model()
    {
        var content = Zip(("folder/model.json", Model), ("folder/README.md", "about it"u8.ToArray()));
        var version = await Uploads.SettledAsync(hub,
            await Uploads.SendAsync(hub, await Uploads.NewWorkspaceAsync(hub), content, "model.zip"));
        Assert.True(version.GetProperty("status").GetString() == "ready", version.ToString());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), version.GetProperty("file_info").GetProperty("sha").GetString());
        Assert.Equal("model.zip", version.GetProperty("file_info").GetProperty("file_name").GetString());
    }

    /// <summary>One byte changed on the disk: refused, never served.</summary>
    [Fact]
    public async Task A_file_that_was_changed_on_the_disk_is_not_served()
    {
        byte[] own = [.. Model, .. Encoding.UTF8.GetBytes(new string(' ', 100 + Guid.NewGuid().GetHashCode() % 50))];
        var version = await Uploads.SettledAsync(hub,
            await Uploads.SendAsync(hub, await Uploads.NewWorkspaceAsync(hub), own, "model.json"));
        Assert.Equal("ready", version.GetProperty("status").GetString());
        var sha = Convert.ToHexStringLower(SHA256.HashData(own));
        var file = Directory.EnumerateFiles(hub.Folder, "*", SearchOption.AllDirectories)
            .Single(f => f.Replace("/", "").EndsWith(sha, StringComparison.Ordinal));
        File.Delete(file); // one that is served may be mapped: the new bytes are another file
        own[100] ^= 1;
        await File.WriteAllBytesAsync(file, own);
        var id = version.GetProperty("file_info").GetProperty("version").GetString();
        var answer = await hub.Client.PostAsJsonAsync("/api/deployments", new { name = "damaged", model_id = id, stage = "staging" })
            .JsonAsync(500);
        Assert.Equal("artifact_damaged", answer.GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_is_deployed_is_not_deleted()
    {
        var workspace = await Uploads.NewWorkspaceAsync(hub);
        var number = await Uploads.SendAsync(hub, workspace, Model, "model.json");
        var version = await Uploads.SettledAsync(hub, number);
        var deployment = await Leaderboards.DeployAsync(hub, version.GetProperty("file_info").GetProperty("version").GetString()!);
        Assert.True((await Uploads.VersionAsync(hub, number)).GetProperty("model_version").GetProperty("deployed").GetBoolean());
        var found = await hub.Client.GetAsync($"/api/v2/customModels/?searchFor={version.GetProperty("name").GetString()}").JsonAsync();
        var model = found.GetProperty("data")[0].GetProperty("id").GetString();
        await hub.Client.DeleteAsync($"/api/v2/customModels/{model}/").JsonAsync(409);
        await hub.Client.DeleteAsync($"/api/deployments/{deployment}").JsonAsync();
        using var deleted = await hub.Client.DeleteAsync($"/api/v2/customModels/{model}/");
        Assert.Equal(204, (int)deleted.StatusCode);
        await hub.Client.PostAsJsonAsync("/v1/api/models/get_version_by_id", new { model_version_id = number }).JsonAsync(404);
    }

    internal static byte[] Zip(params (string Path, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, content) in files)
            {
                using var entry = zip.CreateEntry(path).Open();
                entry.Write(content);
            }
        }
        return bytes.ToArray();
    }

    private static JsonElement VersionOf(JsonElement listed) => listed.GetProperty("model_versions")[0].GetProperty("model_version");

    private static void Members(JsonElement found, string names) =>
        Assert.Equal(names.Split(' ').Order(StringComparer.Ordinal),
            found.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal));
}
