using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests.Deployments;

/// <summary>Requests that come at the same time, and things that come and go.</summary>
[Collection("hub")]
public sealed class RaceTests(RunningHub hub)
{
    /// <summary>C2.</summary>
    [Fact]
    public async Task Of_many_who_take_a_name_one_gets_it()
    {
        var name = "wanted " + Guid.NewGuid();
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => hub.Client.PostAsJsonAsync("/api/projects", new { name })));
        Assert.Equal(1, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
        Assert.Equal(63, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
    }

    /// <summary>C3.</summary>
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

    /// <summary>C4.</summary>
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

    /// <summary>C1: no two versions share a number, and no request fails for coming at the same time as another.</summary>
    [Fact]
    public async Task Versions_made_at_once_get_numbers_of_their_own()
    {
        var (model, _) = await hub.ModelAsync(new { name = "numbered", customModelType = "inference", targetType = "Regression", targetName = "y" }, ("weights.bin", "w"));
        var made = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => HubSteps.Sent(
            hub.Client.PostAsync($"/api/v2/customModels/{model}/versions/", Upload.Version(ContractPaths.BuiltIn, ("weights.bin", "w" + i))))));
        Assert.Equal(32, made.Select(v => v.GetProperty("label").GetString()).Distinct().Count());
    }

    /// <summary>C6: a deployment that goes, comes and pauses is scored, is paused, or is not there.</summary>
    [Fact]
    public async Task Coming_and_going_under_load_is_answered_as_documented()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var current = await Leaderboards.DeployAsync(hub, made.BestId);
        using var end = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var statuses = new HashSet<HttpStatusCode>();
            while (!end.IsCancellationRequested)
            {
                using var answer = await hub.Client.PostAsync($"/deployments/{Volatile.Read(ref current)}/predictions", new StringContent(made.Csv(2), Encoding.UTF8, "text/csv"));
                statuses.Add(answer.StatusCode);
            }
            return statuses;
        })).ToList();
        for (var i = 0; i < 10; i++)
        {
            var next = await Leaderboards.DeployAsync(hub, made.BestId);
            foreach (var act in new[] { "pause", "resume" })
                (await hub.Client.PostAsync($"/api/deployments/{current}/{act}", null)).EnsureSuccessStatusCode();
            (await hub.Client.DeleteAsync($"/api/deployments/{current}")).EnsureSuccessStatusCode();
            Volatile.Write(ref current, next);
        }
        await end.CancelAsync();
        var seen = (await Task.WhenAll(clients)).SelectMany(s => s).ToHashSet();
        Assert.Contains(HttpStatusCode.OK, seen);
        Assert.Empty(seen.Except([HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.Conflict]));
    }

    /// <summary>R5: searches on all processors cost who scores beside them some time, and no answer.</summary>
    [Fact]
    public async Task Training_beside_serving_fails_no_request()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var wanted = await ScoreAsync();
        var training = Task.WhenAll(Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => Leaderboards.TrainAsync(hub, "multiclass")));
        var answered = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (; !training.IsCompleted; Interlocked.Increment(ref answered))
                Assert.Equal(wanted, await ScoreAsync());
        }));
        await training;
        Assert.True(answered >= 8, $"only {answered} requests met a search");

        async Task<string> ScoreAsync() =>
            (await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(made.Csv(5), Encoding.UTF8, "text/csv")).JsonAsync()).GetProperty("data").GetRawText();
    }

    /// <summary>C9.</summary>
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

    /// <summary>C8: who goes on by the cursor meets everything that was there all the while, once.</summary>
    [Fact]
    public async Task Paging_by_cursor_meets_what_stays_exactly_once_while_others_come_and_go()
    {
        using var owner = await hub.NewUserAsync();
        var ids = new List<string>();
        for (var i = 0; i < 12; i++)
            ids.Add(await AddAsync($"at first {i}"));
        var (seen, deleted, cursor) = (new List<string>(), new List<string>(), (string?)null);
        do
        {
            var page = await owner.GetAsync("/api/projects?limit=3" + (cursor is null ? "" : "&cursor=" + cursor)).JsonAsync();
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(p => p.GetProperty("id").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
            // One that was seen, the very one where the next page begins, and one that comes later; and a new one in front.
            foreach (var gone in new[] { seen[^1], ids[seen.Count % 12], ids[0] }.Except(deleted))
            {
                (await owner.DeleteAsync($"/api/projects/{gone}")).EnsureSuccessStatusCode();
                deleted.Add(gone);
            }
            await AddAsync($"later {seen.Count}");
        }
        while (cursor is not null);
        Assert.Equal(seen.Distinct(), seen);
        Assert.Empty(ids.Except(deleted).Except(seen));
        Assert.NotEmpty(ids.Except(deleted));
        await owner.GetAsync("/api/projects?cursor=nowhere").JsonAsync(422);

        async Task<string> AddAsync(string name) =>
            (await owner.PostAsJsonAsync("/api/projects", new { name }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
    }

    /// <summary>R6.</summary>
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
