using System.Net.Http.Json;
using System.Text.Json;

namespace ModelHub.Api.Tests.Models;

[Collection("hub")]
public sealed class WhatIfTests(RunningHub hub)
{
    private static readonly Dictionary<string, object> Row = new(StringComparer.Ordinal) { ["x"] = 0.4, ["colour"] = "blue", ["note"] = "note 1", ["z"] = 0.1 };

    [Theory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task A_scenario_is_what_predict_says_of_the_changed_row(string task)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        var changed = new Dictionary<string, object>(Row, StringComparer.Ordinal) { ["x"] = 3.5, ["colour"] = "red" };
        var wanted = (await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs = new[] { Row, changed } }).JsonAsync())
            .GetProperty("predictions").EnumerateArray().ToList();
        var found = await AskAsync(made, new { @base = Row, scenarios = new object[] { new { x = 3.5, colour = "red" }, new { } } });
        Assert.Equal(wanted[0].GetRawText(), found.GetProperty("base").GetRawText());
        var scenario = found.GetProperty("scenarios")[0];
        Assert.Equal(wanted[1].GetRawText(), scenario.GetProperty("prediction").GetRawText());
        Assert.Equal(3.5, scenario.GetProperty("changes").GetProperty("x").GetDouble());
        var change = scenario.GetProperty("change");
        if (task == "regression")
            Assert.Equal(Value(wanted[1]) - Value(wanted[0]), change.GetDouble(), 12);
        else
            Assert.Equal(0, change.EnumerateObject().Sum(c => c.Value.GetDouble()), 9);
        var none = found.GetProperty("scenarios")[1].GetProperty("change");
        Assert.All(task == "regression" ? [none.GetDouble()] : none.EnumerateObject().Select(c => c.Value.GetDouble()).ToArray(), c => Assert.Equal(0, c));
    }

    [Fact]
    public async Task A_curve_passes_through_the_rows_own_prediction_and_its_mean_is_the_rows()
    {
        var made = await Leaderboards.OfAsync(hub, "regression");
        var other = new Dictionary<string, object>(Row, StringComparer.Ordinal) { ["colour"] = "red" };
        var own = (await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs = Row }).JsonAsync()).GetProperty("predictions")[0];
        var curve = await hub.Client.PostAsJsonAsync(
            $"/api/models/{made.BestId}/what-if/curve", new { rows = new[] { Row, other }, feature = "x", values = new[] { -3, 0.4, 3 } }).JsonAsync();
        Assert.Equal(Value(own), curve.GetProperty("rows")[0][1][0].GetDouble());
        for (var v = 0; v < 3; v++)
        {
            var mean = (curve.GetProperty("rows")[0][v][0].GetDouble() + curve.GetProperty("rows")[1][v][0].GetDouble()) / 2;
            Assert.Equal(mean, curve.GetProperty("mean")[v][0].GetDouble(), 12);
        }
        var numbers = await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/what-if/curve", new { rows = new[] { Row }, feature = "x" }).JsonAsync();
        Assert.Equal(20, numbers.GetProperty("values").GetArrayLength());
        var levels = await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/what-if/curve", new { rows = new[] { Row }, feature = "colour" }).JsonAsync();
        Assert.Contains("red", levels.GetProperty("values").EnumerateArray().Select(v => v.GetString()));
    }

    [Fact]
    public async Task What_is_wrong_is_named()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        Assert.Contains("'nonsense'", (await AskAsync(made, new { @base = Row, scenarios = new object[] { new { nonsense = 1 } } }, 422)).GetRawText().Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        await AskAsync(made, new { @base = Row }, 422);
        await AskAsync(made, new { @base = new[] { 1 }, scenarios = new object[] { new { x = 1 } } }, 422);
        await AskAsync(made, new { @base = Row, scenarios = new object[] { 3 } }, 422);
        await AskAsync(made, new { @base = Row, scenarios = Enumerable.Repeat(new { x = 1 }, 1001) }, 422);
        var curve = new { rows = Enumerable.Repeat(Row, 101), feature = "x", values = Enumerable.Range(0, 1000) };
        Assert.Contains("100000", (await hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/what-if/curve", curve).JsonAsync(422)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        await hub.Client.PostAsJsonAsync($"/api/models/{Guid.NewGuid()}/what-if", new { @base = Row, scenarios = new object[] { new { x = 1 } } }).JsonAsync(404);
    }

    private Task<JsonElement> AskAsync(Leaderboard made, object body, int status = 200) =>
        hub.Client.PostAsJsonAsync($"/api/models/{made.BestId}/what-if", body).JsonAsync(status);

    private static double Value(JsonElement prediction) => prediction.GetProperty("prediction").GetDouble();
}
