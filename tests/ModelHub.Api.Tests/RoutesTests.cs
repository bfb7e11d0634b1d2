using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ModelHub.Api.Tests;

[Collection("hub")]
public sealed class RoutesTests(RunningHub hub)
{
    private static readonly string[] Open = ["/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/v1/api/docs"];

    [Fact]
    public async Task Every_route_is_closed_unless_listed_as_open()
    {
        using var stranger = hub.ClientOf(null);
        using var liar = hub.ClientOf("no-such-key-at-all");
        var routes = hub.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList();
        Assert.True(routes.Count > 40);
        foreach (var route in routes)
        {
            var path = "/" + route.RoutePattern.RawText!.TrimStart('/');
            if (Open.Contains(path))
                continue;
            var isAutoMl = route.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            var method = route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0];
            foreach (var client in new[] { stranger, liar })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), System.Text.RegularExpressions.Regex.Replace(path, @"\{[^}]*\}", "x"));
                if (method is "POST" or "PUT" or "PATCH")
                    request.Content = route.Metadata.GetMetadata<IAcceptsMetadata>()?.ContentTypes is ["multipart/form-data"]
                        ? new MultipartFormDataContent()
                        : new StringContent(isAutoMl ? "{\"user_api_key\":\"wrong\"}" : "{}", Encoding.UTF8, "application/json");
                using var answer = await client.SendAsync(request);
                Assert.True(answer.StatusCode is HttpStatusCode.Unauthorized, $"{method} {path}: {answer.StatusCode}");
            }
        }
    }

    [Theory]
    [InlineData("POST", "/api/projects", "{", 400)]
    [InlineData("POST", "/api/projects", "", 400)]
    [InlineData("POST", "/api/projects", "{\"name\": 7}", 422)]
    [InlineData("POST", "/api/projects", "{}", 422)]
    [InlineData("PUT", "/api/projects", "{}", 405)]
    [InlineData("GET", "/api/nowhere", null, 404)]
    [InlineData("GET", "/api/models/no-id", null, 404)]
    [InlineData("POST", "/api/init", "{", 400)]
    [InlineData("POST", "/api/init", "{}", 400)]
    [InlineData("GET", "/init", null, 405)]
    public async Task A_refusal_has_its_dialects_shape(string method, string path, string? body, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await hub.Client.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        var said = await answer.Content.ReadFromJsonAsync<JsonElement>();
        if (path.EndsWith("/init", StringComparison.Ordinal))
        {
            Assert.False(said.GetProperty("success").GetBoolean());
            Assert.NotEqual("", said.GetProperty("error_message").GetString());
        }
        else
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal(status, said.GetProperty("status").GetInt32());
            Assert.All(new[] { "type", "title", "code", "traceId" }, name => Assert.NotEqual("", said.GetProperty(name).GetString()));
        }
    }

    [Fact]
    public async Task Projects_are_found_by_a_text_in_their_name()
    {
        var name = "50%_of " + Guid.NewGuid();
        (await hub.Client.PostAsJsonAsync("/api/projects", new { name })).EnsureSuccessStatusCode();
        var found = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/projects?search={Uri.EscapeDataString(name[2..].ToUpperInvariant())}");
        Assert.Equal(name, Assert.Single(found.GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task What_belongs_to_somebody_else_looks_like_what_does_not_exist()
    {
        var made = await (await hub.Client.PostAsJsonAsync("/api/projects", new { name = "mine " + Guid.NewGuid() })).Content.ReadFromJsonAsync<JsonElement>();
        var id = made.GetProperty("project").GetProperty("id").GetString()!;
        using var other = await hub.NewUserAsync();
        using var theirs = await other.GetAsync($"/api/projects/{id}");
        using var nothing = await other.GetAsync("/api/projects/00000000-0000-8000-8000-000000000001");
        Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
        Assert.Equal(Anonymous(await nothing.Content.ReadAsStringAsync()), Anonymous(await theirs.Content.ReadAsStringAsync()));
        using var mine = await hub.Client.GetAsync($"/api/projects/{id}");
        Assert.Equal(HttpStatusCode.OK, mine.StatusCode);
    }

    private static string Anonymous(string problem) => System.Text.RegularExpressions.Regex.Replace(problem, "\"traceId\":\"[^\"]*\"", "");
}
