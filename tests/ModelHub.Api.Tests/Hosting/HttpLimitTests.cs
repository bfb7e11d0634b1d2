using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>Requests at the bounds of HTTP and beyond them (H1, H2, H7).</summary>
[Collection("hub")]
public sealed class HttpLimitTests(RunningHub hub)
{
    private const string End = "\r\n\r\n";

    public static TheoryData<string, int, string> Oversized() => new()
    {
        { "a header of 40 KB", 431, $"GET /api/projects HTTP/1.1\r\nHost: x\r\nX-Long: {new string('a', 40_960)}{End}" },
        { "120 headers", 431, $"GET /api/projects HTTP/1.1\r\nHost: x\r\n{string.Concat(Enumerable.Range(0, 120).Select(i => $"X-{i}: a\r\n"))}\r\n" },
        { "an address of 20 KB", 414, $"GET /api/projects?search={new string('a', 20_000)} HTTP/1.1\r\nHost: x{End}" },
        { "a method that nobody knows", 405, $"BREW /api/projects HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {RunningHub.Key}{End}" },
        { "no host", 400, $"GET /api/projects HTTP/1.1{End}" },
        { "two hosts", 400, $"GET /api/projects HTTP/1.1\r\nHost: x\r\nHost: y{End}" },
        { "no version", 400, $"GET /api/projects{End}" },
    };

    [Theory]
    [MemberData(nameof(Oversized))]
    public async Task What_is_too_large_or_no_request_is_refused(string what, int status, string request)
    {
        var answer = await SendAsync(request);
        Assert.True(answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{what}: {answer}");
    }

    /// <summary>H1: the bound of seed 004, which is ours and in the dialect's shape.</summary>
    [Fact]
    public async Task A_line_of_more_than_8192_bytes_is_refused_where_rows_are_scored()
    {
        var id = await Leaderboards.DeployAsync(hub, (await Leaderboards.OfAsync(hub, "binary")).BestId);
        var answer = await hub.Client.PostAsync($"/deployments/{id}/predictions?passthroughColumns={new string('a', 9_000)}", new StringContent("x\n1\n")).JsonAsync(414);
        Assert.Contains("8192", answer.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> Ambiguous() => new()
    {
        { "a length and chunks", "Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n" },
        { "two lengths", "Content-Length: 2\r\nContent-Length: 30", "{}" },
        { "an unknown coding", "Transfer-Encoding: xchunked", "2\r\n{}\r\n0\r\n\r\n" },
        { "chunks that are not the last coding", "Transfer-Encoding: chunked, identity", "2\r\n{}\r\n0\r\n\r\n" },
        { "a bare line feed behind a chunk's extension", "Transfer-Encoding: chunked", "2;a\n{}\r\n0\r\n\r\n" },
        { "a chunk of a negative length", "Transfer-Encoding: chunked", "-2\r\n{}\r\n0\r\n\r\n" },
        { "a chunk beyond what a number holds", "Transfer-Encoding: chunked", "ffffffffffffffff\r\n{}\r\n0\r\n\r\n" },
    };

    /// <summary>H2: where two readers could differ on where a request ends, it is refused, and nothing behind it is read as another request.</summary>
    [Theory]
    [MemberData(nameof(Ambiguous))]
    public async Task Where_a_request_ends_is_never_in_doubt(string what, string headers, string body)
    {
        const string Hidden = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
        var answer = await SendAsync(
            $"POST /api/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: application/json\r\n{headers}{End}{body}{Hidden}");
        Assert.True(answer.StartsWith("HTTP/1.1 400 ", StringComparison.Ordinal), $"{what}: {answer}");
        Assert.Equal(1, answer.Split("HTTP/1.1 ").Length - 1);
    }

    /// <summary>Before 10.0.11 Kestrel could be led astray by chunk extensions, and data protection by padding.</summary>
    [Fact]
    public void The_runtime_is_one_without_the_known_holes() => Assert.True(Environment.Version >= new Version(10, 0, 11), Environment.Version.ToString());

    /// <summary>H7.</summary>
    [Fact]
    public async Task A_file_is_given_in_ranges_and_not_again_to_who_has_it()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var path = $"/api/models/{made.BestId}/artifact";
        using var all = await GetAsync(_ => { });
        var (whole, tag) = (await all.Content.ReadAsByteArrayAsync(), all.Headers.ETag!);
        using (var part = await GetAsync(r => r.Range = new RangeHeaderValue(10, 29)))
        {
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(new ContentRangeHeaderValue(10, 29, whole.Length), part.Content.Headers.ContentRange);
            Assert.Equal(whole[10..30], await part.Content.ReadAsByteArrayAsync());
        }
        using (var end = await GetAsync(r => (r.Range, r.IfRange) = (RangeHeaderValue.Parse("bytes=-7"), new RangeConditionHeaderValue(tag))))
            Assert.Equal(whole[^7..], await end.Content.ReadAsByteArrayAsync());
        using (var changed = await GetAsync(r => (r.Range, r.IfRange) = (new RangeHeaderValue(0, 1), new RangeConditionHeaderValue("\"another\""))))
            Assert.Equal(whole, await changed.Content.ReadAsByteArrayAsync());
        using (var beyond = await GetAsync(r => r.Range = new RangeHeaderValue(whole.Length, null)))
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        using (var known = await GetAsync(r => r.IfNoneMatch.Add(tag)))
        {
            Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
            Assert.Empty(await known.Content.ReadAsByteArrayAsync());
        }
        // Many at once are one request for all of it: nothing is read again and again.
        using var many = await GetAsync(r => r.TryAddWithoutValidation("Range", "bytes=" + string.Join(',', Enumerable.Repeat("0-", 1_000))));
        Assert.Equal(HttpStatusCode.OK, many.StatusCode);
        Assert.Equal(whole, await many.Content.ReadAsByteArrayAsync());

        Task<HttpResponseMessage> GetAsync(Action<HttpRequestHeaders> set)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            set(request.Headers);
            return hub.Client.SendAsync(request);
        }
    }

    /// <summary>Everything that comes back until the hub closes the connection.</summary>
    private async Task<string> SendAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(hub.Client.BaseAddress!.Host, hub.Client.BaseAddress.Port);
        var stream = client.GetStream();
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request), hang.Token);
            for (int read; (read = await stream.ReadAsync(buffer, hang.Token)) > 0;)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Closed with some of it unread: what it said before that counts.
        }
        return answer.ToString();
    }
}
