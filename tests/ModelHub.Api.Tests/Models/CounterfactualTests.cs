using System.Net.Http.Json;
using System.Text.Json;

namespace ModelHub.Api.Tests.Models;

[Collection("hub")]
public sealed class CounterfactualTests(RunningHub hub)
{
    private static readonly Dictionary<string, object> Row = new(StringComparer.Ordinal) { ["x"] = -1.5, ["colour"] = "blue", ["note"] = "note 1", ["z"] = 0.1 };

    [Fact]
    public async Task A_changed_row_is_predicted_as_wanted_and_a_model_of_trees_proves_that_nothing_is_smaller()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var trees = await TreesOfAsync(made);
        var found = await AskAsync(trees, new { @base = Row, wanted = new { @class = "yes" } });
        Assert.Equal("no", found.GetProperty("base").GetProperty("prediction").GetString());
        Assert.Equal("yes", found.GetProperty("prediction").GetProperty("prediction").GetString());
        var changes = found.GetProperty("changes").EnumerateArray().ToList();
        Assert.InRange(changes.Count, 1, 2);
        Assert.True(found.GetProperty("proven_smallest").GetBoolean());
        var changed = Row.ToDictionary(c => c.Key, c => JsonSerializer.SerializeToElement(c.Value), StringComparer.Ordinal);
        foreach (var change in changes)
            changed[change.GetProperty("feature").GetString()!] = change.GetProperty("to");
        var own = (await hub.Client.PostAsJsonAsync($"/api/models/{trees}/predict", new { inputs = changed }).JsonAsync()).GetProperty("predictions")[0];
        Assert.Equal(found.GetProperty("prediction").GetRawText(), own.GetRawText());
        // A hair less of the change, where it is a number, does not get there.
        if (changes is [var single] && single.GetProperty("to").ValueKind == JsonValueKind.Number)
        {
            var less = single.GetProperty("to").GetDouble();
            changed[single.GetProperty("feature").GetString()!] = JsonSerializer.SerializeToElement(less - 1e-5 * Math.Sign(less + 1.5));
            var before = await hub.Client.PostAsJsonAsync($"/api/models/{trees}/predict", new { inputs = changed }).JsonAsync();
            Assert.Equal("no", before.GetProperty("predictions")[0].GetProperty("prediction").GetString());
        }
    }

    [Fact]
    public async Task Only_allowed_features_change_and_what_cannot_be_is_said()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var trees = await TreesOfAsync(made);
        var none = await AskAsync(trees, new { @base = Row, wanted = new { @class = "yes", probability = 0.9999999 }, features = new[] { "note" } });
        Assert.False(none.GetProperty("found").GetBoolean());
        Assert.Equal(JsonValueKind.Null, none.GetProperty("prediction").ValueKind);
        var there = await AskAsync(trees, new { @base = Row, wanted = new { @class = "no" } });
        Assert.True(there.GetProperty("found").GetBoolean());
        Assert.Equal(0, there.GetProperty("changes").GetArrayLength());
        var regression = await Leaderboards.OfAsync(hub, "regression");
        var value = await AskAsync(regression.BestId, new { @base = Row, wanted = new { at_least = 2.5 } });
        Assert.True(value.GetProperty("prediction").GetProperty("prediction").GetDouble() >= 2.5);
        var many = await Leaderboards.OfAsync(hub, "multiclass");
        foreach (var wanted in new[] { "low", "middle", "high" })
            Assert.Equal(wanted, (await AskAsync(many.BestId, new { @base = Row, wanted = new { @class = wanted } })).GetProperty("prediction").GetProperty("prediction").GetString());
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        foreach (var body in new object[]
        {
            new { @base = Row }, new { @base = Row, wanted = new { } }, new { @base = Row, wanted = new { @class = "maybe" } }, new { @base = Row, wanted = new { at_least = 3 } },
            new { @base = 7, wanted = new { @class = "yes" } }, new { @base = Row, wanted = new { @class = "yes" }, features = new[] { "nowhere" } },
            new { @base = Row, wanted = new { @class = "yes" }, max_changes = 11 }, new { @base = Row, wanted = new { @class = "yes", probability = 2 } },
        })
            await AskAsync(made.BestId, body, 422);
        await AskAsync(Guid.NewGuid().ToString(), new { @base = Row, wanted = new { @class = "yes" } }, 404);
    }

    [Theory]
    [InlineData("binary", 1)]
    [InlineData("multiclass", 3)]
    [InlineData("regression", 1)]
    public async Task Rows_are_explained_class_by_class_and_the_parts_are_the_score(string task, int scores)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        var found = await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/explain/rows", new { inputs = new[] { Row, Row } }).JsonAsync();
        Assert.Equal(task == "regression" ? "value" : "log_odds", found.GetProperty("contribution_space").GetString());
        Assert.Equal(2, found.GetProperty("rows").GetArrayLength());
        var row = found.GetProperty("rows")[0];
        var explanations = row.GetProperty("explanations").EnumerateArray().ToList();
        Assert.Equal(scores, explanations.Count);
        foreach (var own in explanations)
        {
            var sizes = own.GetProperty("contributions").EnumerateArray().Select(c => c.GetProperty("value").GetDouble()).ToList();
            Assert.Equal(own.GetProperty("score").GetDouble(), own.GetProperty("bias").GetDouble() + sizes.Sum(), 9);
            Assert.Equal(sizes.Select(Math.Abs).OrderDescending(), sizes.Select(Math.Abs));
        }
        var prediction = row.GetProperty("prediction");
        if (task == "regression")
            Assert.Equal(prediction.GetProperty("prediction").GetDouble(), explanations[0].GetProperty("score").GetDouble(), 5);
        else if (task == "multiclass")
        {
            var all = explanations.ToDictionary(e => e.GetProperty("class").GetString()!, e => Math.Exp(e.GetProperty("score").GetDouble()));
            Assert.All(prediction.GetProperty("probabilities").EnumerateObject(), p => Assert.Equal(p.Value.GetDouble(), all[p.Name] / all.Values.Sum(), 5));
            var one = await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/explain/rows", new { inputs = Row, options = new { @class = "high", top_n = 1 } }).JsonAsync();
            Assert.Equal("high", one.GetProperty("rows")[0].GetProperty("explanations")[0].GetProperty("class").GetString());
            Assert.Equal(1, one.GetProperty("rows")[0].GetProperty("explanations")[0].GetProperty("contributions").GetArrayLength());
        }
        await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/explain/rows", new { inputs = 3 }).JsonAsync(422);
        await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/explain/rows", new { inputs = Row, options = new { @class = "nobody" } }).JsonAsync(422);
    }

    /// <summary>The boosted model of a leaderboard.</summary>
    private async Task<string> TreesOfAsync(Leaderboard made)
    {
        var list = await hub.Client.GetAsync($"/api/models?project_id={made.ProjectId}&model_type=GBM").JsonAsync();
        return list.GetProperty("items")[0].GetProperty("id").GetString()!;
    }

    private Task<JsonElement> AskAsync(string model, object body, int status = 200) =>
        hub.Client.PostAsJsonAsync($"/api/models/{model}/what-if/counterfactual", body).JsonAsync(status);
}
