using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ModelHub.Api.Hosting;
using Serilog.Events;
using Serilog.Parsing;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>R4: requests that fail by the thousand. Alone, for the console is the whole process's.</summary>
[Collection("alone")]
public sealed class FloodTests(RunningHub hub)
{
    private const int Requests = 6_000;
    private const string Secret = "what-nobody-else-may-know";

    [Fact]
    public async Task A_flood_of_failures_writes_few_lines_and_no_secret()
    {
        var console = Console.Out;
        using var said = new StringWriter();
        var took = Stopwatch.StartNew();
        Console.SetOut(TextWriter.Synchronized(said));
        try
        {
            using var client = hub.ClientOf(null);
            await Parallel.ForEachAsync(Enumerable.Range(0, Requests), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, stop) =>
            {
                var (request, status) = Failing(i % 6);
                using var answer = await client.SendAsync(request, stop);
                Assert.Equal(status, answer.StatusCode);
            });
        }
        finally
        {
            Console.SetOut(console);
        }
        var text = said.ToString();
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningHub.Key, text, StringComparison.Ordinal);
        var told = text.Split('\n').Count(line => line.Contains("/api/nowhere", StringComparison.Ordinal));
        // What nobody foresaw is said in two messages: why, and by the log of requests.
        Assert.InRange(told, 1, 2 * LogFlood.MostPerSecond * ((int)took.Elapsed.TotalSeconds + 2));
    }

    private static (HttpRequestMessage Request, HttpStatusCode Status) Failing(int kind)
    {
        static HttpRequestMessage Of(string path, string? body, string? key)
        {
            var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path);
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
            return request;
        }
        switch (kind)
        {
            case 0:
                return (Of("/api/projects", null, Secret), HttpStatusCode.Unauthorized);
            case 1:
                return (Of($"/api/projects?api_key={Secret}", null, null), HttpStatusCode.Unauthorized);
            case 2:
                return (Of("/api/list_projects", $$"""{"user_api_key": "{{Secret}}"}""", null), HttpStatusCode.Unauthorized);
            case 3:
                return (Of("/api/projects", $"{{\"name\": \"{Secret}\", ", RunningHub.Key), HttpStatusCode.BadRequest);
            case 4:
                return (Of("/deployments/00000000-0000-8000-8000-000000000001/predictions", $"[{{\"a\": \"{Secret}\"}}]", Secret), HttpStatusCode.Unauthorized);
            default:
                var unforeseen = Of($"/api/nowhere?token={Secret}", null, RunningHub.Key);
                unforeseen.Headers.Add(RunningHub.Failing, "unforeseen");
                return (unforeseen, HttpStatusCode.InternalServerError);
        }
    }

    [Fact]
    public void Of_each_message_so_many_a_second_are_written_and_the_rest_is_counted()
    {
        var clock = new Clock();
        var flood = new LogFlood(clock);
        LogEvent Event(string template) => new(DateTimeOffset.UnixEpoch, LogEventLevel.Error, null, new MessageTemplateParser().Parse(template), []);
        Assert.Equal(LogFlood.MostPerSecond, Enumerable.Range(0, 100).Count(_ => flood.IsEnabled(Event("{Path} failed"))));
        Assert.True(flood.IsEnabled(Event("something else")));
        clock.Seconds = 1;
        var next = Event("{Path} failed");
        Assert.True(flood.IsEnabled(next));
        Assert.Equal($"\"({100 - LogFlood.MostPerSecond} more were left out)\"", next.Properties[LogFlood.LeftOut].ToString());
        var after = Event("{Path} failed");
        Assert.True(flood.IsEnabled(after));
        Assert.False(after.Properties.ContainsKey(LogFlood.LeftOut));
        // Messages that are made up share one count.
        Assert.InRange(Enumerable.Range(0, 10_000).Count(i => flood.IsEnabled(Event("made up " + i))), 1, 1_100);
    }

    private sealed class Clock : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
