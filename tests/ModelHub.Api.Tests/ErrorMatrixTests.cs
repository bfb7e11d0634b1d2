using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Api.Dialects;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Tests;

/// <summary>Every refusal, ours or the framework's, in every dialect's own shape. A new dialect fails here until it has its line.</summary>
[Collection("hub")]
public sealed class ErrorMatrixTests(RunningHub hub)
{
    /// <summary>Per dialect: a path that it owns and nobody serves, a POST route with a JSON body, and whether it is asked without a key in the header.</summary>
    private static readonly Dictionary<string, (string Owned, string Json)> Places = new(StringComparer.Ordinal)
    {
        ["hub"] = ("/api/nowhere", "/api/projects"),
        ["automl"] = ("/api/init", "/api/init"),
        ["custom-models"] = ("/api/v2/nowhere", "/api/v2/deployments/fromCustomModelVersion/"),
        ["predictions"] = ("/predApi/v1.0/nowhere", "/predApi/v1.0/deployments/00000000-0000-8000-8000-000000000001/predictions"),
        ["registry"] = ("/v1/api/nowhere", "/v1/api/workspaces/create"),
        ["open-inference"] = ("/v2/nowhere", "/v2/models/nobody/infer"),
    };

    public static TheoryData<string> Dialects() => [.. Places.Keys];

    [Fact]
    public void Every_dialect_has_a_line_here() =>
        Assert.All(hub.Services.GetRequiredService<DialectSet>().All, dialect => Assert.True(Places.ContainsKey(dialect.Name), dialect.Name));

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task Every_kind_of_refusal_is_told(string name)
    {
        if (DialectOf(name) is not { } dialect)
            return; // not registered yet
        foreach (var kind in Enum.GetValues<ErrorKind>())
        {
            using var answer = await FailAsync(name, kind.ToString());
            var status = dialect.StatusOf(kind);
            await HoldsAsync(name, answer, status, $"refused as {kind}");
            if (status is 429 or 503)
                Assert.NotNull(answer.Headers.RetryAfter);
        }
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task What_nobody_foresaw_tells_nothing_of_itself(string name)
    {
        if (DialectOf(name) is null)
            return;
        using var answer = await FailAsync(name, "secret");
        var text = await HoldsAsync(name, answer, 500, null);
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task What_the_framework_refuses_has_the_dialects_shape(string name)
    {
        if (DialectOf(name) is null)
            return;
        var (owned, json) = Places[name];
        if (name is not "automl") // every path below /api that it does not name is the hub's
        {
            using var nowhere = await hub.Client.GetAsync(owned);
            await HoldsAsync(name, nowhere, 404, null);
        }
        using var method = await hub.Client.SendAsync(new HttpRequestMessage(HttpMethod.Put, json));
        await HoldsAsync(name, method, 405, null);
        using var broken = await hub.Client.PostAsync(json, new StringContent("{", Encoding.UTF8, "application/json"));
        await HoldsAsync(name, broken, name is "predictions" or "open-inference" ? 404 : 400, null); // whose thing it is comes before what is sent to it
        using var type = await hub.Client.PostAsync(json, new ByteArrayContent([1]) { Headers = { ContentType = new MediaTypeHeaderValue("application/pdf") } });
        await HoldsAsync(name, type, name is "predictions" or "open-inference" ? (int)type.StatusCode : 415, null);
        if (name is "automl")
            return; // its key is in the body
        using var stranger = hub.ClientOf("wrong");
        using var closed = await stranger.PostAsync(json, new StringContent("{}", Encoding.UTF8, "application/json"));
        await HoldsAsync(name, closed, 401, null);
    }

    [Theory]
    [MemberData(nameof(Dialects))]
    public async Task A_body_beyond_the_bound_is_refused_before_it_is_read(string name)
    {
        if (DialectOf(name) is null)
            return;
        using var socket = new TcpClient();
        await socket.ConnectAsync(hub.Client.BaseAddress!.Host, hub.Client.BaseAddress.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {Places[name].Json} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: application/json\r\nContent-Length: 3000000000\r\n\r\n"));
        var buffer = new byte[4096];
        var read = await socket.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        var text = Encoding.UTF8.GetString(buffer, 0, read);
        Assert.StartsWith("HTTP/1.1 413", text, StringComparison.Ordinal);
        Assert.Contains("larger than", text, StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> FailAsync(string name, string how) =>
        hub.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, Places[name].Owned) { Headers = { { RunningHub.Failing, how } } });

    private Dialect? DialectOf(string name) => hub.Services.GetRequiredService<DialectSet>().All.FirstOrDefault(d => d.Name == name);

    /// <summary>Status and shape; returns the body.</summary>
    private static async Task<string> HoldsAsync(string name, HttpResponseMessage answer, int status, string? message)
    {
        var text = await answer.Content.ReadAsStringAsync();
        var place = $"{name}: {answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri} -> {(int)answer.StatusCode} {text}";
        Assert.True((int)answer.StatusCode == status, $"{place}; expected {status}");
        var body = JsonSerializer.Deserialize<JsonElement>(text);
        var said = name switch
        {
            "automl" => Member(body, "error_message"),
            "custom-models" or "predictions" => Member(body, "message"),
            "registry" => Member(body, "msg"),
            "open-inference" => Member(body, "error"),
            _ => Member(body, "detail"),
        };
        Assert.False(string.IsNullOrEmpty(said), place);
        if (message is not null)
            Assert.Contains(message, said, StringComparison.Ordinal);
        if (name == "automl")
            Assert.False(body.GetProperty("success").GetBoolean());
        if (name == "registry")
            Assert.Equal(status, body.GetProperty("code").GetInt32());
        if (name == "hub")
            Assert.Equal((status, "application/problem+json"), (body.GetProperty("status").GetInt32(), answer.Content.Headers.ContentType!.MediaType));
        else
            Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        if (status == (int)HttpStatusCode.Unauthorized)
            Assert.NotEmpty(answer.Headers.WwwAuthenticate);
        return text;
    }

    private static string? Member(JsonElement body, string name) => body.TryGetProperty(name, out var value) ? value.GetString() : null;
}
