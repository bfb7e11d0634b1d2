using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.Models;

[Collection("hub")]
public sealed class PredictTests(RunningHub hub)
{
    private static readonly Dictionary<string, object?> Row = new(StringComparer.Ordinal) { ["x"] = 0.4, ["colour"] = "blue", ["note"] = "note 1", ["z"] = 0.1 };

    [Theory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task One_row_and_many_and_options_before_or_behind_give_the_same_numbers(string task)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        var one = (await AskAsync(made, new { inputs = Row })).GetProperty("predictions")[0].GetRawText();
        var many = await AskAsync(made, new { inputs = Enumerable.Repeat(Row, 1500) });
        Assert.Equal(1500, many.GetProperty("predictions").GetArrayLength());
        Assert.All(many.GetProperty("predictions").EnumerateArray(), p => Assert.Equal(one, p.GetRawText()));
        var record = JsonSerializer.Serialize(Row);
        foreach (var body in new[]
        {
            $$"""{"inputs": {{record}}, "options": {"include_contributions": true, "top_n": 2} }""",
            $$"""{"options": {"include_contributions": true, "top_n": 2}, "else": [1, {"inputs": 3}], "inputs": [{{record}}] }""",
        })
        {
            var found = await SendAsync(made, body);
            Assert.Equal(one, found.GetProperty("predictions")[0].GetRawText());
            Assert.Equal(3, found.GetProperty("contributions")[0].GetArrayLength());
            Assert.Equal("BiasTerm", found.GetProperty("contributions")[0][2].GetProperty("feature").GetString());
        }
    }

    [Fact]
    public async Task Contributions_and_the_bias_are_the_score_in_every_row()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var rows = Enumerable.Range(0, 700).Select(i => new Dictionary<string, object?>(Row, StringComparer.Ordinal) { ["x"] = Math.Sin(i) }).ToList();
        var found = await AskAsync(made, new { inputs = rows, options = new { include_contributions = true } });
        Assert.Equal("log_odds", found.GetProperty("contribution_space").GetString());
        var contributions = found.GetProperty("contributions").EnumerateArray().ToList();
        Assert.Equal(700, contributions.Count);
        foreach (var (own, prediction) in contributions.Zip(found.GetProperty("predictions").EnumerateArray()))
        {
            var p = prediction.GetProperty("probabilities").GetProperty("yes").GetDouble();
            Assert.Equal(Math.Log(p / (1 - p)), own.EnumerateArray().Sum(c => c.GetProperty("value").GetDouble()), 6);
        }
    }

    [Fact]
    public async Task An_interval_and_a_label_set_hold_the_truth_as_often_as_they_say()
    {
        var made = await Leaderboards.OfAsync(hub, "regression");
        var truth = Enumerable.Range(1000, 400).Select(i => (X: 4 * Math.Sin(i * 12.9898), Noise: Math.Cos(i))).ToList();
        var rows = truth.Select(t => new Dictionary<string, object?>(Row, StringComparer.Ordinal) { ["x"] = t.X }).ToList();
        var found = await AskAsync(made, new { inputs = rows, options = new { include_interval = true, coverage = 0.8 } });
        Assert.Equal(0.8, found.GetProperty("interval_coverage").GetDouble());
        var held = found.GetProperty("predictions").EnumerateArray().Zip(truth).Count(p =>
        {
            var interval = p.First.GetProperty("interval");
            Assert.InRange(p.First.GetProperty("prediction").GetDouble(), interval.GetProperty("low").GetDouble(), interval.GetProperty("high").GetDouble());
            var value = p.Second.X + p.Second.Noise;
            return value >= interval.GetProperty("low").GetDouble() && value <= interval.GetProperty("high").GetDouble();
        });
        Assert.InRange(held, 0.7 * truth.Count, truth.Count);
        var wider = (await AskAsync(made, new { inputs = Row, options = new { include_interval = true, coverage = 0.95 } })).GetProperty("predictions")[0].GetProperty("interval");
        var usual = (await AskAsync(made, new { inputs = Row, options = new { include_interval = true } })).GetProperty("predictions")[0].GetProperty("interval");
        Assert.True(wider.GetProperty("high").GetDouble() >= usual.GetProperty("high").GetDouble());

        var classes = await Leaderboards.OfAsync(hub, "multiclass");
        var labels = await AskAsync(classes, new { inputs = rows, options = new { include_interval = true } });
        Assert.Equal(0.9, labels.GetProperty("interval_coverage").GetDouble());
        held = labels.GetProperty("predictions").EnumerateArray().Zip(truth).Count(p =>
        {
            var set = p.First.GetProperty("label_set").EnumerateArray().Select(l => l.GetString()).ToList();
            Assert.Contains(p.First.GetProperty("prediction").GetString(), set);
            var value = p.Second.X + p.Second.Noise;
            return set.Contains(value < -1 ? "low" : value < 1.5 ? "middle" : "high");
        });
        Assert.InRange(held, 0.8 * truth.Count, truth.Count);
        Assert.Contains("0.8", (await AskAsync(made, new { inputs = Row, options = new { include_interval = true, coverage = 0.33 } }, 422)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_model_does_not_know_is_warned_about()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var odd = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x"] = "no number", ["colour"] = "green", ["extra"] = 1, ["target"] = "yes" };
        var warnings = (await AskAsync(made, new { inputs = new[] { Row, odd } })).GetProperty("warnings").EnumerateArray().Select(w => w.GetString()!).ToList();
        Assert.Contains(warnings, w => w.Contains("'extra'", StringComparison.Ordinal));
        Assert.Contains(warnings, w => w.Contains("training did not see", StringComparison.Ordinal));
        Assert.Contains(warnings, w => w.Contains("missing from some rows", StringComparison.Ordinal));
        Assert.DoesNotContain(warnings, w => w.Contains("target", StringComparison.Ordinal));
        Assert.False((await AskAsync(made, new { inputs = Row })).TryGetProperty("warnings", out _));
        // Nothing that it knows at all: a warning here as well, since this dialect has a place for one.
        Assert.Contains("'passenger'", (await AskAsync(made, new { inputs = new { passenger = 7 } })).GetProperty("warnings")[0].GetString(), StringComparison.Ordinal);
    }

    /// <summary>Beyond single precision, in which features are kept.</summary>
    [Theory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task A_number_that_is_too_large_for_a_feature_is_the_largest_one(string task)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        foreach (var model in new[] { made.BestId, made.OtherId })
        {
            var (usual, huge) = (new Dictionary<string, object?>(Row, StringComparer.Ordinal), new Dictionary<string, object?>(Row, StringComparer.Ordinal));
            (usual["x"], huge["x"]) = (-float.MaxValue, -1e300);
            var options = new { include_contributions = true };
            var found = await hub.Client.PostAsJsonAsync($"/api/models/{model}/predict", new { inputs = new[] { huge, usual }, options }).JsonAsync();
            Assert.Equal(found.GetProperty("predictions")[1].GetRawText(), found.GetProperty("predictions")[0].GetRawText());
            Assert.Equal(found.GetProperty("contributions")[1].GetRawText(), found.GetProperty("contributions")[0].GetRawText());
            using var csv = new StringContent(made.Header + "\n-1e300,blue,note 1,0.1\n", Encoding.UTF8, "text/csv");
            var batch = await hub.Client.PostAsync($"/api/models/{model}/predict/batch", csv).JsonAsync();
            Assert.Equal(
                found.GetProperty("predictions")[0].GetProperty("prediction").ToString(), batch.GetProperty("predictions")[0].GetProperty("pred_predict").ToString());
        }
    }

    [Theory]
    [InlineData("""{"inputs": [{"x": 1}, {"x": NaN}]}""", 400, "Row 2")]
    [InlineData("""{"inputs": [{"x": 1}, {"x": 1}, {"x": [2]}]}""", 422, "Row 3, column 'x'")]
    [InlineData("""{"inputs": [{"x": 1e999}]}""", 422, "Row 1, column 'x'")]
    [InlineData("""{"inputs": [{"x": 1}""", 400, "ends too early")]
    [InlineData("""{"inputs": [{"x": 1}]} more""", 400, "broken")]
    [InlineData("""{"inputs": [{"x": 1}], "options": {"threshold": 2}}""", 422, "threshold")]
    [InlineData("""{"inputs": [{"x": 1}], "options": {"top_n": 0}}""", 422, "top_n")]
    [InlineData("""{"inputs": [{"x": 1}], "options": {"threshold": "high"}}""", 422, "options")]
    [InlineData("""{"inputs": [{"x": 1}, 7]}""", 422, "Row 2")]
    [InlineData("", 400, "empty")]
    [InlineData("{}", 422, "list of records")]
    public async Task Bad_rows_are_named(string body, int status, string says)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        Assert.Contains(says, (await SendAsync(made, body, status)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_beyond_the_bound_belongs_to_a_batch(bool isAnnounced)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var bytes = new byte[(16 << 20) + 1];
        bytes.AsSpan().Fill((byte)' ');
        """{"inputs": [{"x": 1}, """u8.CopyTo(bytes);
        using HttpContent body = isAnnounced ? new ByteArrayContent(bytes) : new ChunkedContent(bytes);
        body.Headers.ContentType = new("application/json");
        var said = await hub.Client.PostAsync($"/api/models/{made.BestId}/predict", body).JsonAsync(413);
        Assert.Contains("predict/batch", said.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Two bytes a record: far within the bound of bytes, and would be answers of gigabytes.</summary>
    [Theory]
    [InlineData(100_000, 200)]
    [InlineData(100_001, 422)]
    [InlineData(1_000_000, 422)]
    public async Task More_records_than_one_body_may_have_belong_to_a_batch(int records, int status)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var said = await SendAsync(made, $"[{string.Join(',', Enumerable.Repeat("{}", records))}]", status);
        if (status == 200)
            Assert.Equal(records, said.GetProperty("predictions").GetArrayLength());
        else
            Assert.Matches("Row 100001: .*100000 records.*predict/batch", said.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Scoring_asks_no_database()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        await AskAsync(made, new { inputs = Row, options = new { include_contributions = true, include_interval = true } });
        using var seen = new SeenStatements();
        await AskAsync(made, new { inputs = Row });
        await AskAsync(made, new { inputs = new[] { Row, Row }, options = new { include_contributions = true, include_interval = true } });
        Assert.Empty(seen.Texts);
        await hub.Client.GetAsync($"/api/models/{made.BestId}").JsonAsync();
        Assert.NotEmpty(seen.Texts); // it does see queries
    }

    [Fact]
    public async Task Nobody_scores_with_anothers_model()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        using var other = await hub.NewUserAsync();
        var unknown = await other.PostAsJsonAsync($"/api/models/{Guid.NewGuid()}/predict", new { inputs = Row }).JsonAsync(404);
        var theirs = await other.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs = Row }).JsonAsync(404);
        Assert.Equal(unknown.GetProperty("detail").GetString(), theirs.GetProperty("detail").GetString());
        using var nobody = hub.ClientOf(null);
        await nobody.PostAsJsonAsync($"/api/models/{made.BestId}/predict", new { inputs = Row }).JsonAsync(401);
    }

    private Task<JsonElement> AskAsync(Leaderboard made, object body, int status = 200) => SendAsync(made, JsonSerializer.Serialize(body), status);

    private Task<JsonElement> SendAsync(Leaderboard made, string body, int status = 200) =>
        hub.Client.PostAsync($"/api/models/{made.BestId}/predict", new StringContent(body, Encoding.UTF8, "application/json")).JsonAsync(status);

    /// <summary>A body without an announced length.</summary>
    private sealed class ChunkedContent(byte[] bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            try
            {
                await stream.WriteAsync(bytes);
            }
            catch (IOException)
            {
                // refused before all was sent
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
