using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests.Doors;

/// <summary>A place where a dialect takes things in: what is sent there, who says in what shape that it was refused, and how many things are there.</summary>
internal sealed record Door(HttpClient Client, string Path, Func<HttpContent> Content, string Refusal, Func<Task<int>> CountAsync)
{
    public static TheoryData<string> Names() => ["datasets", "versions", "catalog", "registry", "automl", "custom models"];

    public static async Task<Door> OfAsync(RunningHub hub, string name)
    {
        var unique = Guid.NewGuid().ToString("N");
        switch (name)
        {
            case "datasets":
                var project = (await hub.Client.PostAsJsonAsync("/api/projects", new { name = unique }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
                return new Door(hub.Client, "/api/datasets", () => new MultipartFormDataContent
                {
                    { new StringContent(project), "project_id" }, { new StringContent(unique), "name" }, { new StringContent("a,b\n1,2\n"), "file", "t.csv" },
                }, "detail", () => NumberAsync(hub, $"/api/datasets?project_id={project}", "total"));
            case "versions":
                var wanted = new { name = unique, customModelType = "inference", targetType = "Regression", targetName = "y" };
                var model = (await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModels/", wanted))).GetProperty("id").GetString()!;
                var versions = $"/api/v2/customModels/{model}/versions/";
                return new Door(hub.Client, versions, () => Upload.Version("000000000000000000000b01", ("custom.py", "# nothing")), "message",
                    () => NumberAsync(hub, versions, "totalCount"));
            case "catalog":
                return new Door(hub.Client, "/api/v2/datasets/fromFile/", () => new MultipartFormDataContent { { new StringContent("a,b\n1,2\n"), "file", unique + ".csv" } },
                    "message", () => ListedAsync(hub, "/api/v2/datasets/?limit=1000", unique));
            case "registry":
                var workspace = await Registry.Uploads.NewWorkspaceAsync(hub);
                var about = JsonSerializer.Serialize(new
                {
                    name = unique, visibility = "private", workspace_id = workspace, conversion = new { framework = "custom", python_version = "3.11", requirements = Array.Empty<string>() },
                });
                return new Door(hub.Client, "/v1/api/models/upload_and_convert", () => new MultipartFormDataContent
                {
                    { new StringContent(about, Encoding.UTF8, "application/json"), "metadata" }, { new StringContent("# nothing"), "file", "custom.py" },
                }, "msg", async () => (await hub.Client.PostAsJsonAsync("/v1/api/models/list", new { workspace_id = workspace }).JsonAsync()).GetProperty("models").EnumerateArray()
                    .Sum(m => m.GetProperty("model_versions").GetArrayLength()));
            case "automl":
                await hub.SayAsync("create_project", new { project_name = unique, application = "test" });
                return new Door(hub.ClientOf(null), "/api/upload", () => JsonContent.Create(new
                {
                    user_api_key = RunningHub.Key, project_name = unique, collection_name = "c", file_format = "csv", has_field_names = true,
                    file_data = NamedSteps.Base64("a,b\n1,2\n"),
                }), "error_message", async () => (await hub.SayAsync("list_collections", new { project_name = unique })).GetProperty("collections").GetArrayLength());
            default:
                return new Door(hub.Client, "/api/v2/customModels/", () => JsonContent.Create(
                    new { name = unique, customModelType = "inference", targetType = "Regression", targetName = "y" }), "message",
                    () => ListedAsync(hub, "/api/v2/customModels/?limit=1000", unique));
        }
    }

    /// <summary>Sends a body with headers; by default a new one, whose boundary is another one every time.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpContent? content, params (string Name, string Value)[] headers) => SendAsync(Client, content, headers);

    public async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = content ?? Content() };
        foreach (var (name, value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value) || request.Content.Headers.TryAddWithoutValidation(name, value), name);
        return await client.SendAsync(request);
    }

    /// <summary>The bytes of a new body with its type.</summary>
    public async Task<(byte[] Bytes, string Type)> BytesAsync()
    {
        using var content = Content();
        return (await content.ReadAsByteArrayAsync(), content.Headers.ContentType!.ToString());
    }

    /// <summary>What a refusal says, in the dialect's own shape.</summary>
    public async Task<string> RefusedAsync(HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{Path}: {(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement.GetProperty(Refusal).GetString()!;
    }

    private static async Task<int> NumberAsync(RunningHub hub, string list, string count) =>
        (await hub.Client.GetFromJsonAsync<JsonElement>(list)).GetProperty(count).GetInt32();

    private static async Task<int> ListedAsync(RunningHub hub, string list, string name) =>
        (await hub.Client.GetStringAsync(list)).Split($"\"{name}").Length - 1;
}
