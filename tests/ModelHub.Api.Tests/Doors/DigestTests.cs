using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.Doors;

/// <summary>U3: a body that is not what its digest or its length says makes nothing and leaves nothing, at every door.</summary>
[Collection("hub")]
public sealed class DigestTests(RunningHub hub)
{
    public static TheoryData<string> Names() => Door.Names();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_wrong_digest_is_refused_and_a_right_one_is_told_back(string name)
    {
        var door = await Door.OfAsync(hub, name);
        var (bytes, type) = await door.BytesAsync();
        var other = (byte[])bytes.Clone();
        other[^4] ^= 1;
        foreach (var (header, value, algorithm) in HeadersOf(other))
        {
            using var answer = await door.SendAsync(Typed(bytes, type), (header, value));
            Assert.Contains(algorithm, await door.RefusedAsync(answer, 400), StringComparison.OrdinalIgnoreCase);
            Assert.False(answer.Headers.Contains("X-Received-" + header));
        }
        Assert.Equal(0, await door.CountAsync());
        await NothingTemporaryAsync();

        var right = HeadersOf(bytes).Where(h => h.Algorithm != "sha-512").Select(h => (h.Header, h.Value)).ToArray();
        using var accepted = await door.SendAsync(Typed(bytes, type), right);
        Assert.True(accepted.IsSuccessStatusCode, await accepted.Content.ReadAsStringAsync());
        Assert.All(right, sent => Assert.Equal([sent.Value], accepted.Headers.GetValues("X-Received-" + sent.Header)));
        Assert.Equal(1, await door.CountAsync());
    }

    /// <summary>A reader of forms could stop at the last boundary, and one of chunks does not know the length: neither may commit before the end.</summary>
    [Theory]
    [InlineData("datasets")]
    [InlineData("versions")]
    [InlineData("registry")]
    public async Task Words_behind_a_form_that_comes_in_chunks_count_as_well(string name)
    {
        var door = await Door.OfAsync(hub, name);
        var (form, type) = await door.BytesAsync();
        byte[] bytes = [.. form, .. Encoding.ASCII.GetBytes("\r\nwords behind the last boundary")];
        using (var wrong = await SendAsync(SHA256.HashData(form)))
            await door.RefusedAsync(wrong, 400);
        Assert.Equal(0, await door.CountAsync());
        using (var right = await SendAsync(SHA256.HashData(bytes)))
            Assert.True(right.IsSuccessStatusCode, await right.Content.ReadAsStringAsync());
        Assert.Equal(1, await door.CountAsync());

        Task<HttpResponseMessage> SendAsync(byte[] sum)
        {
            var content = new StreamContent(new MemoryStream(bytes));
            content.Headers.TryAddWithoutValidation("Content-Type", type);
            return door.SendAsync(content, ("Content-Digest", $"sha-256=:{Convert.ToBase64String(sum)}:"), ("Transfer-Encoding", "chunked"));
        }
    }

    [Theory]
    [InlineData("Content-Digest", "sha-256=abc", false)]
    [InlineData("Content-Digest", "sha-256=:AAAA:", false)]
    [InlineData("Content-Digest", "sha-256", false)]
    [InlineData("Digest", "SHA-256=:no:", false)]
    [InlineData("Content-MD5", "AAAA", false)]
    [InlineData("Content-Digest", "crc32c=:AAAAAA==:", true)]
    [InlineData("Digest", "unixsum=30637", true)]
    public async Task What_has_no_form_is_refused_and_what_nobody_knows_is_passed_over(string header, string value, bool isAccepted)
    {
        var door = await Door.OfAsync(hub, "datasets");
        using var answer = await door.SendAsync(null, (header, value));
        if (isAccepted)
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        else
            Assert.Contains(header, await door.RefusedAsync(answer, 400), StringComparison.Ordinal);
        Assert.Equal(isAccepted ? 1 : 0, await door.CountAsync());
    }

    [Fact]
    public async Task Rows_that_are_scored_are_held_to_their_digest_too()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/models/{made.BestId}/predict")
        {
            Content = new StringContent("{\"inputs\": {}}", Encoding.UTF8, "application/json"),
            Headers = { { "Content-Digest", $"sha-256=:{Convert.ToBase64String(SHA256.HashData([1]))}:" } },
        };
        Assert.Contains("sha-256", (await hub.Client.SendAsync(request).JsonAsync(400)).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("datasets", -20)]
    [InlineData("versions", -20)]
    [InlineData("catalog", -20)]
    [InlineData("registry", -20)]
    [InlineData("datasets", 20)]
    [InlineData("versions", 20)]
    [InlineData("catalog", 20)]
    [InlineData("registry", 20)]
    public async Task A_body_that_is_longer_or_shorter_than_it_says_makes_nothing(string name, int more)
    {
        var door = await Door.OfAsync(hub, name);
        var (bytes, type) = await door.BytesAsync();
        var address = hub.Client.BaseAddress!;
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {door.Path} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: {type}\r\nContent-Length: {bytes.Length + more}\r\n\r\n"));
        await stream.WriteAsync(bytes);
        client.Client.Shutdown(SocketShutdown.Send);
        try
        {
            using var answer = new StreamReader(stream);
            Assert.StartsWith("HTTP/1.1 4", await answer.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) ?? "HTTP/1.1 4", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // Hung up instead: the server does so when what is left is no request.
        }
        Assert.Equal(0, await door.CountAsync());
        await NothingTemporaryAsync();
    }

    /// <summary>Jobs of other tests may be writing.</summary>
    private Task NothingTemporaryAsync() => CustomModels.HubSteps.UntilAsync(
        () => Task.FromResult(JsonSerializer.SerializeToElement(Directory.GetFiles(Path.Combine(hub.Folder, "artifacts", "tmp")).Length)), left => left.GetInt32() == 0);

    private static ByteArrayContent Typed(byte[] bytes, string type)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }

    private static (string Header, string Value, string Algorithm)[] HeadersOf(byte[] bytes) =>
    [
        ("Content-Digest", $"unknown=:AAAA:, sha-256=:{Convert.ToBase64String(SHA256.HashData(bytes))}:", "sha-256"),
        ("Content-Digest", $"sha-512=:{Convert.ToBase64String(SHA512.HashData(bytes))}:", "sha-512"),
        ("Digest", $"SHA-256={Convert.ToBase64String(SHA256.HashData(bytes))}", "sha-256"),
        ("Content-MD5", Convert.ToBase64String(MD5.HashData(bytes)), "md5"),
    ];
}
