using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests.Registry;

/// <summary>Steps of the registry's tests.</summary>
internal static class Uploads
{
    public static async Task<long> WorkspaceAsync(RunningHub hub, string projectId) =>
        (await hub.Client.GetAsync($"/api/projects/{projectId}").JsonAsync()).GetProperty("project").GetProperty("number").GetInt64();

    public static async Task<long> NewWorkspaceAsync(RunningHub hub) => (await hub.Client.PostAsJsonAsync(
        "/v1/api/workspaces/create", new { workspace_name = "w" + Guid.NewGuid() }).JsonAsync()).GetProperty("workspace_id").GetInt64();

    /// <summary>Uploads a file; the new version's number.</summary>
    public static async Task<long> SendAsync(RunningHub hub, long workspace, byte[] content, string file, string framework = "custom",
        string? name = null, params string[] requirements)
    {
        using var sent = await PostAsync(hub, workspace, content, file, framework, name, requirements);
        var answer = await Task.FromResult(sent).JsonAsync(202);
        return answer.GetProperty("insert_models").GetProperty("returning")[0].GetProperty("models")[0].GetProperty("id").GetInt64();
    }

    /// <summary>The answer to an upload, whatever it is.</summary>
    public static async Task<HttpResponseMessage> PostAsync(RunningHub hub, long workspace, byte[] content, string file, string framework = "custom",
        string? name = null, params string[] requirements)
    {
        var about = JsonSerializer.Serialize(new
        {
            name = name ?? "m-" + Guid.NewGuid().ToString("N"), visibility = "private", workspace_id = workspace,
            conversion = new { framework, python_version = "3.11", requirements },
        });
        using var form = new MultipartFormDataContent
        {
            { new StringContent(about, Encoding.UTF8, new MediaTypeHeaderValue("application/json")), "metadata" },
            { new ByteArrayContent(content), "file", file },
        };
        return await hub.Client.PostAsync("/v1/api/models/upload_and_convert", form);
    }

    public static async Task<JsonElement> VersionAsync(RunningHub hub, long number) =>
        (await hub.Client.PostAsJsonAsync("/v1/api/models/get_version_by_id", new { model_version_id = number }).JsonAsync())
            .GetProperty("model_version");

    /// <summary>The version when its check has ended.</summary>
    public static Task<JsonElement> SettledAsync(RunningHub hub, long number) => HubSteps.UntilAsync(
        async () => (await VersionAsync(hub, number)).GetProperty("model_version"), version => version.GetProperty("status").GetString() is "ready" or "error");

    /// <summary>Uploads and waits; the version's id.</summary>
    public static async Task<string> ReadyAsync(RunningHub hub, string projectId, byte[] content, string file)
    {
        var version = await SettledAsync(hub, await SendAsync(hub, await WorkspaceAsync(hub, projectId), content, file));
        Assert.True(version.GetProperty("status").GetString() == "ready", version.GetProperty("error_summary").ToString());
        return version.GetProperty("file_info").GetProperty("version").GetString()!;
    }

    /// <summary>A deployed pipeline of one model, found in the registry's list; where its rows go, and its number.</summary>
    public static async Task<(string Url, long Pipeline)> PipelineAsync(RunningHub hub, string modelId)
    {
        var id = modelId.Length == 36 ? modelId
            : $"{modelId[..8]}-{modelId[8..12]}-8{modelId[12..15]}-8{modelId[15..18]}-000000{modelId[18..]}";
        var name = "p-" + Guid.NewGuid().ToString("N");
        var version = await FindAsync(hub, id);
        var home = version.GetProperty("workspace_id").GetInt64();
        var models = new[] { new { name = version.GetProperty("name").GetString(), version = id } };
        var made = await hub.Client.PostAsJsonAsync("/v1/api/pipelines/create", new
        {
            pipeline_id = name, workspace_id = home,
            definition = new { steps = new[] { new Dictionary<string, object> { ["ModelInference"] = new { models } } } },
        }).JsonAsync();
        var number = made.GetProperty("pipeline_pk_id").GetInt64();
        await hub.Client.PostAsJsonAsync("/v1/api/pipelines/deploy", new { deploy_id = name, pipeline_id = number }).JsonAsync();
        var url = await hub.Client.PostAsJsonAsync("/v1/api/admin/get_pipeline_external_url",
            new { workspace_id = home, pipeline_name = name }).JsonAsync();
        return (url.GetProperty("url").GetString()!, number);
    }

    /// <summary>A version by its id, among all workspaces of the caller.</summary>
    private static async Task<JsonElement> FindAsync(RunningHub hub, string id)
    {
        var workspaces = await hub.Client.PostAsJsonAsync("/v1/api/workspaces/list", new { }).JsonAsync();
        foreach (var workspace in workspaces.GetProperty("workspaces").EnumerateArray())
        {
            var listed = await hub.Client.PostAsJsonAsync("/v1/api/models/list",
                new { workspace_id = workspace.GetProperty("id").GetInt64() }).JsonAsync();
            foreach (var version in listed.GetProperty("models").EnumerateArray()
                .SelectMany(m => m.GetProperty("model_versions").EnumerateArray()))
            {
                if (version.GetProperty("model_version").GetProperty("file_info").GetProperty("version").GetString() == id)
                    return version.GetProperty("model_version");
            }
        }
        throw new InvalidOperationException($"The registry does not list {id}.");
    }
}
