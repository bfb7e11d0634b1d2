using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using ModelHub.Application.Errors;
using ModelHub.Application.Retries;
using ModelHub.Tests.Shared;
using Npgsql;

namespace ModelHub.Api.Tests.Doors;

/// <summary>U10: what is sent again under the same Idempotency-Key is done once and answered alike.</summary>
[Collection("hub")]
public sealed class RetryTests(RunningHub hub)
{
    private const string Header = "Idempotency-Key";

    public static TheoryData<string> Names() => Door.Names();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Ten_at_once_make_one_and_hear_the_same(string name)
    {
        var door = await Door.OfAsync(hub, name);
        await TenAsync(door, _ => door.Client, Guid.NewGuid().ToString());
    }

    [Fact]
    public async Task It_is_done_once_by_all_processes_together()
    {
        await using var database = await PostgresServer.CreateAsync();
        var hubs = new[] { new RunningHub { ConnectionString = database.ConnectionString }, new RunningHub { ConnectionString = database.ConnectionString } };
        try
        {
            await hubs[0].InitializeAsync();
            await hubs[1].InitializeAsync();
            await TenAsync(await Door.OfAsync(hubs[0], "versions"), i => hubs[i % 2].Client, "\"quoted\"");
        }
        finally
        {
            await hubs[0].DisposeAsync();
            await hubs[1].DisposeAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Another_body_under_the_same_key_is_refused_and_makes_nothing(string name)
    {
        var (door, other) = (await Door.OfAsync(hub, name), await Door.OfAsync(hub, name));
        var key = Guid.NewGuid().ToString();
        using var first = await door.SendAsync(null, (Header, key));
        using var second = await other.SendAsync(null, (Header, key));
        Assert.Contains(Header, await other.RefusedAsync(second, 422), StringComparison.Ordinal);
        Assert.Equal((1, 0), (await door.CountAsync(), await other.CountAsync()));
    }

    [Fact]
    public async Task Who_hung_up_hears_the_next_time_how_it_ended()
    {
        var door = await Door.OfAsync(hub, "custom models");
        var (bytes, type) = await door.BytesAsync();
        var (address, key) = (hub.Client.BaseAddress!, Guid.NewGuid().ToString());
        using (var client = new TcpClient { LingerState = new LingerOption(enable: true, seconds: 0) })
        {
            await client.ConnectAsync(address.Host, address.Port);
            await client.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(
                $"POST {door.Path} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: {type}\r\nContent-Length: {bytes.Length}\r\n{Header}: {key}\r\n\r\n"), .. bytes]);
            await CustomModels.HubSteps.UntilAsync(async () => JsonSerializer.SerializeToElement(await door.CountAsync()), count => count.GetInt32() == 1);
        }
        using var again = await door.SendAsync(null, (Header, key));
        Assert.True(again.IsSuccessStatusCode && again.Headers.Contains("Idempotent-Replayed"), await again.Content.ReadAsStringAsync());
        Assert.Equal(1, await door.CountAsync());
    }

    [Fact]
    public async Task What_failed_is_not_kept()
    {
        var key = Guid.NewGuid().ToString();
        await SendAsync(hub.Client, "/api/projects", key, new { name = "" }).JsonAsync(422);
        await SendAsync(hub.Client, "/api/projects", key, new { name = key }).JsonAsync(201);
    }

    [Fact]
    public async Task Keys_are_a_users_own()
    {
        var key = Guid.NewGuid().ToString();
        using var stranger = await hub.NewUserAsync();
        var ours = await SendAsync(hub.Client, "/api/projects", key, new { name = key }).JsonAsync(201);
        var theirs = await SendAsync(stranger, "/api/projects", key, new { name = key }).JsonAsync(201);
        Assert.NotEqual(ours.GetProperty("project").GetProperty("id").GetString(), theirs.GetProperty("project").GetProperty("id").GetString());
    }

    /// <summary>A secret is stored as a hash and nowhere else.</summary>
    [Fact]
    public async Task Answers_with_secrets_are_not_kept()
    {
        var key = Guid.NewGuid().ToString();
        var first = await SendAsync(hub.Client, "/api/api-keys", key, new { name = key }).JsonAsync(201);
        var second = await SendAsync(hub.Client, "/api/api-keys", key, new { name = key }).JsonAsync(201);
        Assert.NotEqual(first.GetProperty("key").GetString(), second.GetProperty("key").GetString());
    }

    [Fact]
    public async Task The_key_of_a_process_that_was_killed_is_free_when_its_lease_ends()
    {
        var key = Guid.NewGuid().ToString();
        await ExecuteAsync(
            $"""
             insert into idempotent_requests (user_id, key, claim, expires_at)
             select id, '{key}', gen_random_uuid(), now() + interval '1 second' from users where username = 'admin'
             """);
        await SendAsync(hub.Client, "/api/projects", key, new { name = key }).JsonAsync(201);
        await ExecuteAsync($"update idempotent_requests set expires_at = now() where key = '{key}'"); // its day is over
        await SendAsync(hub.Client, "/api/projects", key, new { name = key }).JsonAsync(409);
    }

    [Fact]
    public async Task Nobody_waits_for_ever()
    {
        var scopes = hub.Services.GetRequiredService<IServiceScopeFactory>();
        var user = Guid.Parse((await hub.Client.GetFromJsonAsync<JsonElement>("/api/users")).GetProperty("items").EnumerateArray()
            .First(u => u.GetProperty("username").GetString() == "admin").GetProperty("id").GetString()!);
        await using var held = await new IdempotencyKeys(scopes, TimeProvider.System, NullLogger<IdempotencyKeys>.Instance).ClaimAsync(user, "held", default);
        Assert.Null(held.Before);
        var refused = await Assert.ThrowsAsync<ModelHubException>(() =>
            new IdempotencyKeys(scopes, new Hasty(), NullLogger<IdempotencyKeys>.Instance).ClaimAsync(user, "held", default));
        Assert.Equal(ErrorKind.Conflict, refused.Kind);
        Assert.NotNull(refused.RetryAfter);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData(null)]
    public async Task A_key_has_1_to_255_visible_characters(string? key)
    {
        key ??= new string('k', 256);
        using var answer = await SendAsync(hub.Client, "/api/projects", key, new { name = "p" + Guid.NewGuid() });
        Assert.Equal(400, (int)answer.StatusCode);
    }

    /// <summary>Nine times what one was answered, and the body of each another one by its boundary.</summary>
    private static async Task TenAsync(Door door, Func<int, HttpClient> clientOf, string key)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            using var answer = await door.SendAsync(clientOf(i), null, (Header, key));
            return (answer.StatusCode, answer.Headers.Location, answer.Content.Headers.ContentType?.ToString(), Text: await answer.Content.ReadAsStringAsync(),
                IsAgain: answer.Headers.Contains("Idempotent-Replayed"));
        }));
        Assert.InRange((int)answers[0].StatusCode, 200, 299);
        Assert.Single(answers.Select(a => a with { IsAgain = false }).Distinct());
        Assert.Equal(9, answers.Count(a => a.IsAgain));
        Assert.Equal(1, await door.CountAsync());
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string path, string key, object body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation(Header, key);
        return client.SendAsync(request);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = hub.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    /// <summary>A clock by which every look takes ten seconds.</summary>
    private sealed class Hasty : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _now += 10;
    }
}
