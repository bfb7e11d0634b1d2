using System.Net;
using System.Text;

namespace ModelHub.Api.Tests.Doors;

/// <summary>The automl dialect's key is in the body: of a long one it has to stand at the front.</summary>
[Collection("hub")]
public sealed class KeyBeforeDataTests(RunningHub hub)
{
    private static readonly string Data = NamedSteps.Base64("a,b\n" + string.Concat(Enumerable.Repeat("0.123456789012345,0.12345678901234\n", 100_000)));

    [Theory]
    [InlineData(RunningHub.Key, true, null, 200)]
    [InlineData(RunningHub.Key, false, null, 401)]
    [InlineData("nobody's", true, null, 401)]
    [InlineData("nobody's", false, RunningHub.Key, 200)]
    public async Task A_long_body_is_read_for_those_who_are_known(string key, bool isFirst, string? header, int status)
    {
        var project = "p" + Guid.NewGuid().ToString("N");
        await hub.SayAsync("create_project", new { project_name = project, application = "test" });
        var data = $"\"file_format\":\"csv\",\"has_field_names\":true,\"file_data\":\"{Data}\"";
        var named = $"\"project_name\":\"{project}\",\"collection_name\":\"c\",\"user_api_key\":\"{key}\"";
        using var content = new StringContent(isFirst ? $"{{{named},{data}}}" : $"{{{data},{named}}}", Encoding.UTF8, "application/json");
        using var answer = await hub.ClientOf(header).PostAsync(new Uri("/api/upload", UriKind.Relative), content);
        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        var listed = await hub.SayAsync("list_collections", new { project_name = project });
        Assert.Equal(status == 200 ? 1 : 0, listed.GetProperty("collections").GetArrayLength());
    }

    /// <summary>None of these becomes JSON: had it been read to its end, it were a 400.</summary>
    [Theory]
    [InlineData("{\"file_data\":\"", 'A')]
    [InlineData("{\"user_api_key\":\"nobody's\",\"file_data\":\"", 'A')]
    [InlineData("[", '[')]
    public async Task Nobody_is_told_before_the_body_has_come(string start, char more)
    {
        using var content = new PiecesContent(6, more, start);
        content.Headers.ContentType = new("application/json");
        using var answer = await hub.ClientOf(null).PostAsync(new Uri("/api/upload", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }
}
