using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests.Identity;

/// <summary>Who leaves takes nothing along that others own, too, or use.</summary>
[Collection("hub")]
public sealed class UserDeletionTests(RunningHub hub)
{
    [Fact]
    public async Task What_others_own_or_use_stays_and_what_runs_for_them_goes_on()
    {
        var (alice, aliceId, aliceName) = await UserAsync(isAdmin: true); // who may make environments
        var (bob, _, bobName) = await UserAsync();
        var mine = await ProjectAsync(alice, "mine");
        var ours = await ProjectAsync(alice, "ours");
        var his = await ProjectAsync(bob, "his");
        await ShareAsync(alice, ours, bobName, "owner");
        await ShareAsync(bob, his, aliceName, "editor");
        var environment = (await alice.PostAsJsonAsync(
            "/api/v2/executionEnvironments/", new { name = "hers " + Guid.NewGuid(), programmingLanguage = "python", isPublic = true }).JsonAsync(201)).GetProperty("id").GetString();
        var search = await SearchAsync(alice, his);

        await hub.Client.DeleteAsync($"/api/users/{aliceId}").JsonAsync();

        // Her key is forgotten by every process as soon as it hears of it.
        await HubSteps.UntilAsync(
            async () => JsonSerializer.SerializeToElement((int)(await alice.GetAsync("/api/projects")).StatusCode), status => status.GetInt32() == 401);
        Assert.Equal(HttpStatusCode.NotFound, (await hub.Client.GetAsync($"/api/users/{aliceId}")).StatusCode);
        var seen = await bob.GetStringAsync("/api/projects?limit=100");
        Assert.Contains(ours, seen, StringComparison.Ordinal);
        Assert.DoesNotContain(mine, seen, StringComparison.Ordinal);
        Assert.DoesNotContain(aliceName, await bob.GetStringAsync($"/api/projects/{ours}/members"), StringComparison.Ordinal);
        await bob.PatchAsJsonAsync($"/api/projects/{ours}", new { name = "his now" }).JsonAsync();

        // Her name is free; the environment has an owner; her search in another's project ends as if nothing had happened, and can be explained.
        (await hub.Client.PostAsJsonAsync("/api/users", new { username = aliceName, email = "again@example.test" })).EnsureSuccessStatusCode();
        await hub.Client.PatchAsJsonAsync($"/api/v2/executionEnvironments/{environment}/", new { description = "looked after" }).JsonAsync();
        var ended = await HubSteps.SettledAsync(async () => (await bob.GetAsync($"/api/experiments/{search}").JsonAsync()).GetProperty("experiment"));
        Assert.Equal("succeeded", ended.GetProperty("status").GetString());
        Assert.Contains("experiment.explain", await bob.GetStringAsync($"/api/jobs?project_id={his}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_project_that_serves_is_in_the_way()
    {
        var (alice, id, _) = await UserAsync();
        var project = await ProjectAsync(alice, "serving");
        var search = await SearchAsync(alice, project);
        var ended = await HubSteps.SettledAsync(async () => (await alice.GetAsync($"/api/experiments/{search}").JsonAsync()).GetProperty("experiment"));
        await alice.PostAsJsonAsync(
            "/api/deployments", new { name = "d", model_id = ended.GetProperty("best_model_id").GetString(), stage = "production" }).JsonAsync(201);
        var refused = await hub.Client.DeleteAsync($"/api/users/{id}").JsonAsync(409);
        Assert.Equal("deployed", refused.GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, (await alice.GetAsync($"/api/projects/{project}")).StatusCode);
    }

    private async Task<(HttpClient Client, string Id, string Name)> UserAsync(bool isAdmin = false)
    {
        var name = "leaver-" + Guid.NewGuid().ToString("N");
        var made = await hub.Client.PostAsJsonAsync("/api/users", new { username = name, email = name + "@example.test", is_admin = isAdmin }).JsonAsync(201);
        var key = await hub.Client.PostAsJsonAsync("/api/api-keys", new { username = name, name = "test" }).JsonAsync(201);
        return (hub.ClientOf(key.GetProperty("key").GetString()), made.GetProperty("user").GetProperty("id").GetString()!, name);
    }

    private static async Task<string> ProjectAsync(HttpClient client, string name) =>
        (await client.PostAsJsonAsync("/api/projects", new { name }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;

    private static async Task ShareAsync(HttpClient client, string project, string username, string role) =>
        (await client.PutAsJsonAsync($"/api/projects/{project}/members/{username}", new { role })).EnsureSuccessStatusCode();

    private static async Task<string> SearchAsync(HttpClient client, string project)
    {
        var csv = "x,y\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"{i % 7},{i % 7 + i % 2}\n"));
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project), "project_id" }, { new StringContent("rows"), "name" }, { new ByteArrayContent(Encoding.UTF8.GetBytes(csv)), "file", "rows.csv" },
        };
        var dataset = (await client.PostAsync("/api/datasets", form).JsonAsync(201)).GetProperty("dataset");
        return (await client.PostAsJsonAsync("/api/experiments", new
        {
            dataset_version_id = dataset.GetProperty("version_id").GetString(), name = "run", target_column = "y", config = new { nfolds = 2, max_models = 1 },
        }).JsonAsync(202)).GetProperty("experiment").GetProperty("id").GetString()!;
    }
}
