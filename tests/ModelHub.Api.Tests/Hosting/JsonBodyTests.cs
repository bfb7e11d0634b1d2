using System.Net;
using System.Text;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>Bodies that become objects: a few megabytes of <c>{},</c> would be gigabytes of them.</summary>
[Collection("hub")]
public sealed class JsonBodyTests(RunningHub hub)
{
    [Theory]
    [InlineData("what-if", "{\"base\":{},\"scenarios\":[*]}", "{}", 1_001)]
    [InlineData("what-if", "{\"base\":{},\"scenarios\":[*]}", "{}", 1_000_000)]
    [InlineData("what-if/curve", "{\"feature\":\"x\",\"rows\":[*]}", "{}", 1_001)]
    [InlineData("what-if/curve", "{\"feature\":\"x\",\"rows\":[{}],\"values\":[*]}", "1", 1_001)]
    [InlineData("what-if/counterfactual", "{\"base\":{},\"wanted\":{\"class\":\"yes\"},\"features\":[*]}", "\"x\"", 20_001)]
    [InlineData("explain/rows", "{\"inputs\":[*]}", "{}", 100_001)]
    [InlineData("explain/rows", "{\"inputs\":[{},[*]]}", "1", 4_000_000)]
    public async Task A_list_that_is_too_long_is_refused_by_its_first_item_too_many(string operation, string body, string item, int count)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var text = body.Replace("*", string.Concat(Enumerable.Repeat(item + ",", count - 1)) + item, StringComparison.Ordinal);
        var said = await hub.Client.PostAsync($"/api/models/{made.BestId}/{operation}", Json(text)).JsonAsync(422);
        Assert.Equal("too_many", said.GetProperty("code").GetString());
        Assert.Matches("(item (1001|20001|100001)|value 4000001) is one too many", said.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Outcomes_are_counted_and_told_by_their_place()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var path = $"/api/deployments/{await Leaderboards.DeployAsync(hub, made.BestId)}/actuals";
        var said = await hub.Client.PostAsync(path, Json($"{{\"actuals\":[{string.Join(',', Enumerable.Repeat("{}", 10_001))}]}}")).JsonAsync(422);
        Assert.Contains("item 10001", said.GetProperty("detail").GetString(), StringComparison.Ordinal);
        said = await hub.Client.PostAsync(path, Json("{\"actuals\":[{\"association_id\":\"a\",\"actual\":1},{\"association_id\":5,\"actual\":1}]}")).JsonAsync(422);
        Assert.Equal("actuals[1].association_id", Assert.Single(said.GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("{\"inputs\":[*]}", "{}", 20_001)]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP64\",\"data\":[1],\"shape\":[*]}]}", "1", 101)]
    [InlineData("{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP64\",\"shape\":[1],\"data\":[*]}]}", "[]", 8_388_609)]
    public async Task Tensors_are_counted_before_they_are_made(string body, string item, int count)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var text = body.Replace("*", string.Concat(Enumerable.Repeat(item + ",", count - 1)) + item, StringComparison.Ordinal);
        var said = await hub.Client.PostAsync($"/v2/models/{made.BestId}/infer", Json(text)).JsonAsync(400);
        Assert.Contains("one too many", said.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Files may have gigabytes; names and settings may not, whether or not the length is announced: who sends on hears why as well.</summary>
    [Theory]
    [InlineData("/api/projects", true)]
    [InlineData("/api/projects", false)]
    [InlineData("/api/list_projects", false)]
    [InlineData("/v1/api/workspaces/create", false)]
    [InlineData("/api/v2/customModels/", false)]
    public async Task A_body_of_settings_has_four_megabytes(string path, bool isAnnounced)
    {
        using HttpContent content = isAnnounced ? Json($"{{\"name\":\"{new string('x', 5 << 20)}\"}}") : new PiecesContent(25, 'x', "{\"name\":\"");
        content.Headers.ContentType = new("application/json");
        using var answer = await hub.Client.PostAsync(path, content);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    /// <summary>Null characters, which PostgreSQL does not take, and halves of characters.</summary>
    [Theory]
    [InlineData("/api/projects", "{\"name\":\"a\",\"description\":\"*\"}", 400, 422)]
    [InlineData("/api/api-keys", "{\"name\":\"*\"}", 400, 422)]
    [InlineData("/api/v2/customModels/", "{\"name\":\"*\",\"targetType\":\"Binary\"}", 422, 400)]
    [InlineData("/v1/api/models/list_versions", "{\"model_id\":\"*\"}", 400, 400)]
    public async Task Texts_that_cannot_be_kept_are_refused(string path, string body, int ofNull, int ofHalf)
    {
        Assert.Equal(ofNull, (int)(await hub.Client.PostAsync(path, Json(body.Replace("*", "a\\u0000", StringComparison.Ordinal)))).StatusCode);
        Assert.Equal(ofHalf, (int)(await hub.Client.PostAsync(path, Json(body.Replace("*", "\\ud800", StringComparison.Ordinal)))).StatusCode);
        Assert.Equal(400, (int)(await hub.Client.GetAsync("/api/models?model_type=%00")).StatusCode);
        await hub.Client.PostAsync("/api/v2/modelPackages/fromCustomModelVersion/", Json("{\"customModelVersionId\":\"\"}")).JsonAsync(422);
    }

    [Theory]
    [InlineData("stats")]
    [InlineData("drift")]
    [InlineData("accuracy")]
    public async Task A_time_that_nothing_can_be_before_is_refused(string what)
    {
        var id = await Leaderboards.DeployAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        await hub.Client.GetAsync($"/api/deployments/{id}/{what}?to=0001-01-01T00:00:00Z").JsonAsync(422);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
