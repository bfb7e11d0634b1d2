using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelHub.Api.Hosting;

namespace ModelHub.Api.Tests.Deployments;

/// <summary>Clients that send slowly, endlessly, or not at all any more: each comes to an end by itself, and others are answered meanwhile.</summary>
[Collection("hub")]
public sealed class HostileClientTests(RunningHub hub)
{
    private const int Clients = 1_000;

    /// <summary>Sockets that other tests may have opened or closed meanwhile.</summary>
    private const int Others = 100;

    /// <summary>H3: headers that do not end, bodies that do not come, answers that nobody reads.</summary>
    [Fact]
    public async Task A_thousand_slow_clients_are_cut_and_others_are_answered_meanwhile()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var rows = made.Csv(3_000);
        string[] requests = [$"POST /deployments/{id}/predictions HTTP/1.1\r\nHost: x\r\n", Head(id, 1_000_000) + made.Csv(1), Head(id, Encoding.UTF8.GetByteCount(rows)) + rows];
        var before = Sockets();
        var slow = new List<TcpClient>();
        try
        {
            for (var i = 0; i < Clients; i++)
                slow.Add(await SendAsync(requests[i % 10 == 9 ? 2 : i % 2]));
            Assert.InRange(Sockets() - before, Clients + Others, int.MaxValue);
            for (var i = 0; i < 100; i++)
                await ScoreAsync(id, made.Csv(3));
            // Both ends of a connection are in this process: the clients' stay, the hub's go.
            await UntilAsync(() => Sockets() - before < Clients + Others);
        }
        finally
        {
            slow.ForEach(client => client.Dispose());
        }
        await ScoreAsync(id, made.Csv(3));
    }

    /// <summary>H9: who goes away in the middle of a request takes nothing along.</summary>
    [Fact]
    public async Task A_thousand_clients_that_vanish_leave_nothing_behind()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var rows = made.Csv(500);
        string[] requests =
        [
            Head(id, 1_000_000) + rows, Head(id, Encoding.UTF8.GetByteCount(rows)) + rows,
            $"GET /api/models?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RunningHub.Key}\r\n\r\n",
        ];
        var before = Sockets();
        await Parallel.ForEachAsync(Enumerable.Range(0, Clients), new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (i, _) =>
        {
            using var client = await SendAsync(requests[i % 3]);
            client.LingerState = new LingerOption(enable: i % 2 == 0, seconds: 0); // every other one with a reset
        });
        await UntilAsync(() => Sockets() - before < Others);
        await ScoreAsync(id, made.Csv(3));
    }

    /// <summary>A line that does not end is refused when it is longer than a row may be; some of the rest is read past, then the connection is cut.</summary>
    [Theory]
    [InlineData("text/csv", "x,colour\n")]
    [InlineData("application/json", "[{\"x\": ")]
    public async Task A_line_of_a_gigabyte_is_refused(string type, string start)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var body = new PiecesContent(1024, '1', start) { Headers = { ContentType = new(type) } };
        try
        {
            var answer = await hub.Client.PostAsync($"/deployments/{id}/predictions", body).JsonAsync(400);
            Assert.Contains("longer than", answer.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
        catch (HttpRequestException cut)
        {
            Assert.IsAssignableFrom<IOException>(cut.InnerException);
        }
        // The row, what is read past, and what is under way in between.
        Assert.InRange(body.Sent, 0, 16 + (RefusedBody.Most >> 20) + 32);
        await ScoreAsync(id, made.Csv(3));
    }

    /// <summary>Many clients listen only when all is sent: the rest of what was refused is read, and the connection goes on.</summary>
    [Fact]
    public async Task Who_is_refused_early_and_sends_all_before_listening_hears_why_and_goes_on()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var ragged = "x,colour\n1,red,too much\n" + new string('\n', 24 << 20);
        using var client = await SendAsync(Head(id, ragged.Length).Replace("Connection: close\r\n", "", StringComparison.Ordinal) + ragged);
        using var reader = new StreamReader(client.GetStream());
        Assert.StartsWith("HTTP/1.1 400", await reader.ReadLineAsync(), StringComparison.Ordinal);
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(Head(id, 6) + "x\n1\n2\n"));
        Assert.Contains("HTTP/1.1 200", await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_of_too_many_parts_is_refused()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        using var form = new MultipartFormDataContent();
        for (var i = 0; i < 1_001; i++)
            form.Add(new StringContent("x"), $"other{i}");
        var answer = await hub.Client.PostAsync($"/deployments/{id}/predictions", form).JsonAsync(400);
        Assert.Equal("The form has more than 1000 parts.", answer.GetProperty("message").GetString());
    }

    /// <summary>Kestrel takes a client that will send no more for one that has gone: the connection ends, in the middle of a body as behind it.</summary>
    [Fact]
    public async Task A_connection_closed_on_one_side_is_ended()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        var id = await Leaderboards.DeployAsync(hub, made.BestId);
        var rows = made.Csv(3);
        await HalfClosedAsync(Head(id, Encoding.UTF8.GetByteCount(rows)) + rows);
        Assert.DoesNotContain("HTTP/1.1 200", await HalfClosedAsync(Head(id, 1_000_000) + rows), StringComparison.Ordinal);
        await ScoreAsync(id, rows);
    }

    private async Task<string> HalfClosedAsync(string request)
    {
        using var client = await SendAsync(request);
        using var reader = new StreamReader(client.GetStream());
        client.Client.Shutdown(SocketShutdown.Send);
        try
        {
            return await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));
        }
        catch (IOException)
        {
            return ""; // cut
        }
    }

    private static string Head(string deployment, int length) =>
        $"POST /deployments/{deployment}/predictions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\n\r\n";

    private async Task<TcpClient> SendAsync(string request)
    {
        // A small window: what nobody reads stays with the hub.
        var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(hub.Client.BaseAddress!.Host, hub.Client.BaseAddress.Port);
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(request));
        return client;
    }

    private async Task ScoreAsync(string id, string csv)
    {
        using var answer = await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(csv, Encoding.UTF8, "text/csv"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static int Sockets() => Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!isSo())
            await Task.Delay(100, patience.Token);
    }
}
