using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.Deployments;

/// <summary>Requests that come at the same time, and things that come and go.</summary>
[Collection("hub")]
public sealed class RaceTests(RunningHub hub)
{
    [Fact]
    public async Task Of_many_who_take_a_name_one_gets_it()
    {
        var name = "wanted " + Guid.NewGuid();
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => hub.Client.PostAsJsonAsync("/api/projects", new { name })));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        Assert.Equal(63, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
    }

    [Fact]
    public async Task A_change_meant_for_an_older_state_overwrites_nothing()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        using var seen = await hub.Client.GetAsync($"/api/deployments/{id}");
        var tag = seen.Headers.ETag!.Tag;
        await Changed("\"0\"", "never", HttpStatusCode.PreconditionFailed);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => SendAsync(tag, "name " + i)));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        Assert.Equal(7, answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed));
        await Changed(tag, "late", HttpStatusCode.PreconditionFailed);
        await Changed(answers.Single(a => a.IsSuccessStatusCode).Headers.ETag!.Tag, "in time", HttpStatusCode.OK);
        await Changed("*", "whatever it is", HttpStatusCode.OK);

        async Task Changed(string match, string name, HttpStatusCode status) => Assert.Equal(status, (await SendAsync(match, name)).StatusCode);

        async Task<HttpResponseMessage> SendAsync(string match, string name)
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/deployments/{id}") { Content = JsonContent.Create(new { name }) };
            request.Headers.TryAddWithoutValidation("If-Match", match);
            return await hub.Client.SendAsync(request);
        }
    }

    [Fact]
    public async Task Whatever_meets_whatever_nothing_fails_and_nothing_dangles()
    {
        var made = await Leaderboards.TrainAsync(hub, "binary");
        string[] models = [made.BestId, made.OtherId];
        var deployments = new List<string>();
        var random = new Random(5);
        for (var round = 0; round < 60; round++)
        {
            var acts = Enumerable.Range(0, 3).Select(_ => Act(random.Next(6), models[random.Next(2)], deployments.Count == 0 ? null : deployments[random.Next(deployments.Count)])).ToList();
            foreach (var answer in await Task.WhenAll(acts))
            {
                Assert.True((int)answer.StatusCode < 500, $"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri}: {await answer.Content.ReadAsStringAsync()}");
                if (answer.StatusCode == HttpStatusCode.Created)
                    deployments.Add((await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("deployment").GetProperty("id").GetString()!);
            }
        }
        foreach (var item in (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/deployments?project_id={made.ProjectId}&limit=500")).GetProperty("items").EnumerateArray())
        {
            using var model = await hub.Client.GetAsync($"/api/models/{item.GetProperty("model_id")}");
            Assert.Equal(HttpStatusCode.OK, model.StatusCode);
        }

        Task<HttpResponseMessage> Act(int what, string model, string? deployment) => (what, deployment) switch
        {
            (0, _) or (_, null) => hub.Client.PostAsJsonAsync("/api/deployments", new { name = "race", model_id = model, stage = "staging" }),
            (1, _) => hub.Client.DeleteAsync($"/api/models/{models[1]}"),
            (2, _) => hub.Client.PatchAsJsonAsync($"/api/deployments/{deployment}", new { model_id = model }),
            (3, _) => hub.Client.DeleteAsync($"/api/deployments/{deployment}"),
            (4, _) => hub.Client.PostAsync($"/api/deployments/{deployment}/{(model == models[0] ? "pause" : "resume")}", null),
            _ => hub.Client.PostAsync($"/deployments/{deployment}/predictions", new StringContent(made.Csv(2), Encoding.UTF8, "text/csv")),
        };
    }

    [Fact]
    public async Task Each_of_many_requests_at_once_gets_the_answer_to_its_own_row()
    {
        var made = await Leaderboards.OfAsync(hub, "regression");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var rows = Enumerable.Range(0, 100).Select(i => $"{made.Header}\n{made.Rows[i]}\n").ToList();
        var expected = new List<string>();
        foreach (var row in rows)
            expected.Add(await ScoreAsync(row));
        Assert.True(expected.Distinct(StringComparer.Ordinal).Count() > 50);
        await Parallel.ForEachAsync(Enumerable.Range(0, 3_000), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) =>
            Assert.Equal(expected[i % 100], await ScoreAsync(rows[i % 100])));

        async Task<string> ScoreAsync(string row)
        {
            var answer = await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(row, Encoding.UTF8, "text/csv")).JsonAsync();
            return answer.GetProperty("data")[0].GetProperty("prediction").GetRawText();
        }
    }

    [Fact]
    public async Task Deployments_that_come_and_go_leave_no_memory_behind()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        for (var i = 0; i < 20; i++)
            await CycleAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 100; i++)
            await CycleAsync();
        // 500 cycles may leave 50 MB (reliability case R2), so these may leave a fifth of that.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 10 << 20);

        async Task CycleAsync()
        {
            var id = await Leaderboards.DeployAsync(hub, made.BestId);
            (await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(made.Csv(5), Encoding.UTF8, "text/csv"))).EnsureSuccessStatusCode();
            (await hub.Client.DeleteAsync($"/api/deployments/{id}")).EnsureSuccessStatusCode();
        }
    }

    [Fact]
    public async Task No_list_gives_more_than_its_bound()
    {
        var asked = 0;
        foreach (var dialect in new[] { "hub", "custom-models", "registry" })
        {
            var document = await hub.Client.GetFromJsonAsync<JsonElement>($"/swagger/{dialect}/swagger.json");
            foreach (var path in document.GetProperty("paths").EnumerateObject())
            {
                if (!path.Value.TryGetProperty("get", out var get) || !get.TryGetProperty("parameters", out var parameters)
                    || parameters.EnumerateArray().All(p => p.GetProperty("name").GetString() != "limit") || path.Name.Contains('{', StringComparison.Ordinal))
                    continue;
                using var answer = await hub.Client.GetAsync($"{path.Name}?limit=1000000");
                Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{path.Name}: {answer.StatusCode}");
                asked++;
            }
        }
        Assert.True(asked > 8, $"only {asked} lists");
    }
}
