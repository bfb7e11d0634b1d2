using System.Net.Http.Json;
using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Steps that several tests of custom models take.</summary>
internal static class HubSteps
{
    /// <summary>A dataset of a, b and y = 3 a + 0.5 b; its id.</summary>
    public static async Task<string> DatasetAsync(this RunningHub hub, int rows)
    {
        var answer = await hub.Client.PostAsync("/api/v2/datasets/fromFile/", Upload.Table(rows));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("catalogId").GetString()!;
    }

    /// <summary>A new user's name.</summary>
    public static async Task<string> UserAsync(this RunningHub hub)
    {
        var name = "walker-" + Guid.NewGuid().ToString("N");
        (await hub.Client.PostAsJsonAsync("/api/users", new { username = name, email = name + "@example.test" })).EnsureSuccessStatusCode();
        return name;
    }

    /// <summary>The id of the first entry of a list.</summary>
    public static async Task<string> FirstAsync(this RunningHub hub, string list) =>
        (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/v2/{list}/")).GetProperty("data")[0].GetProperty("id").GetString()!;

    /// <summary>A custom model with one version of these files; (model, version).</summary>
    public static async Task<(string Model, JsonElement Version)> ModelAsync(this RunningHub hub, object wanted, params (string Path, string Content)[] files)
    {
        var model = (await Sent(hub.Client.PostAsJsonAsync("/api/v2/customModels/", wanted))).GetProperty("id").GetString()!;
        return (model, await Sent(hub.Client.PostAsync($"/api/v2/customModels/{model}/versions/", Upload.Version(ContractPaths.BuiltIn, files))));
    }

    /// <summary>The body of an answer that is no refusal.</summary>
    public static async Task<JsonElement> Sent(Task<HttpResponseMessage> answer)
    {
        using var response = await answer;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Waits until no job of a kind (null for any) is left to do.</summary>
    public static Task EndAsync(this RunningHub hub, string? kind) => UntilAsync(
        () => hub.Client.GetFromJsonAsync<JsonElement>("/api/jobs?limit=200"),
        jobs => jobs.GetProperty("items").EnumerateArray()
            .All(j => kind is not null && j.GetProperty("kind").GetString() != kind || j.GetProperty("state").GetString() is not ("queued" or "running")));

    /// <summary>Until a status says that there is nothing more to wait for.</summary>
    public static Task<JsonElement> SettledAsync(Func<Task<JsonElement>> ask, string status = "status") =>
        UntilAsync(ask, now => now.GetProperty(status).GetString() is not ("queued" or "running"));

    /// <summary>Waits for what a job does: bounded, so that one that never ends is a failure with its last answer and not a suite that hangs.</summary>
    public static async Task<JsonElement> UntilAsync(Func<Task<JsonElement>> ask, Func<JsonElement, bool> isEnough)
    {
        for (var i = 0; ; i++)
        {
            var found = await ask();
            if (isEnough(found))
                return found;
            Assert.True(i < 1200, $"It does not end: {found}");
            await Task.Delay(50);
        }
    }
}
