using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using ModelHub.Api.Tests.CustomModels;
using ModelHub.Tests.Shared;

namespace ModelHub.Api.Tests.Hosting;

/// <summary>The program as a process, on a fresh data folder. Alone: <c>dotnet test --filter Section=ops</c>.</summary>
[Trait("Section", "ops")]
public sealed class UpTests : IDisposable
{
    private readonly string _data = PostgresServer.NewFolder();
    private readonly HttpClient _client = new();

    public void Dispose()
    {
        _client.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Up_serves_survives_a_kill_and_stops_cleanly()
    {
        var keyFile = Path.Combine(_data, "first-key");
        var marker = "mh-marker-" + Guid.NewGuid().ToString("N");
        string key;
        using (var first = Start("up", "--port", "0"))
        {
            var url = await first.UrlAsync();
            key = (await File.ReadAllTextAsync(keyFile)).Trim();
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keyFile));
            Assert.Contains(key, first.Output, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, await StatusAsync($"{url}/health/ready", null));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync($"{url}/health/live", null));
            Assert.Equal(HttpStatusCode.OK, await StatusAsync($"{url}/api/projects", key));
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync($"{url}/api/projects", null));
            await CreateProjectAsync(url, key);
            await DeployAsync(url, key, marker);
            Assert.NotEmpty(Processes.Of(marker));
            first.Kill();
        }
        await Processes.GoneAsync(marker); // X3: what it ran ended with it, though it had left its session
        using var second = Start("up", "--port", "0");
        var again = await second.UrlAsync();
        Assert.DoesNotContain(key, second.Output, StringComparison.Ordinal); // shown once
        Assert.Contains("kept", await GetAsync($"{again}/api/projects", key), StringComparison.Ordinal);
        Assert.Equal(0, await second.StopAsync());
        Assert.False(File.Exists(Path.Combine(_data, "pg", "postmaster.pid")));
    }

    [Theory]
    [InlineData("--port", "abc")]
    [InlineData("--role", "chief")]
    [InlineData("--colour", "red")]
    public async Task What_it_does_not_understand_it_names(string option, string value)
    {
        using var refused = Start("up", option, value);
        Assert.Equal(2, await refused.ExitAsync());
        Assert.Contains(option == "--colour" ? option : value, refused.Output, StringComparison.Ordinal);
        Assert.Contains("usage:", refused.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "CustomModels": { "MaximumReplicas": 99 } }""", "CustomModels:MaximumReplicas is 1 to 8")]
    [InlineData("""{ "CustomModels": { "MaximumReplicas": "many" } }""", "'many' at 'CustomModels:MaximumReplicas'")]
    [InlineData("""{ "CustomModels": { "MaximumMemry": 1 } }""", "MaximumMemry")]
    [InlineData("""{ "CustomModels": """, "settings.json")]
    public async Task Settings_that_make_no_sense_are_said_in_a_line(string content, string said)
    {
        await File.WriteAllTextAsync(Path.Combine(_data, "settings.json"), content);
        using var refused = Start("up", "--port", "0");
        Assert.Equal(1, await refused.ExitAsync());
        Assert.Contains(said, refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_said_in_a_line()
    {
        foreach (var database in new[] { "nonsense", "Host=127.0.0.1;Port=1;Username=nobody;Password=none" })
        {
            using var refused = new HubProcess(["migrate", "--data", _data], database);
            Assert.Equal(1, await refused.ExitAsync());
            Assert.StartsWith("modelhub: ", refused.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", refused.Output, StringComparison.Ordinal);
        }
    }

    private HubProcess Start(params string[] arguments) => new([.. arguments, "--data", _data]);

    private async Task CreateProjectAsync(string url, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{url}/api/projects");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        request.Content = new StringContent("""{"name":"kept"}""", Encoding.UTF8, "application/json");
        using var answer = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
    }

    /// <summary>Deploys a custom model that leaves a process of its own behind.</summary>
    private async Task DeployAsync(string url, string key, string marker)
    {
        using var client = new HttpClient { BaseAddress = new Uri(url), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        var code = $"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', '{marker}'], start_new_session=True)\n"
            + "def score(data, model, **kw):\n    return [0.0 for _ in data['a']]\n";
        var wanted = new { name = "left", customModelType = "inference", targetType = "Regression", targetName = "y" };
        var model = (await client.PostAsJsonAsync("/api/v2/customModels/", wanted).JsonAsync(201)).GetProperty("id").GetString();
        var version = await client.PostAsync($"/api/v2/customModels/{model}/versions/", Upload.Version(ContractPaths.BuiltIn, ("custom.py", code))).JsonAsync(201);
        await client.PostAsJsonAsync("/api/v2/deployments/fromCustomModelVersion/", new { customModelVersionId = version.GetProperty("id").GetString(), label = "left" }).JsonAsync(201);
    }

    private async Task<HttpStatusCode> StatusAsync(string url, string? key)
    {
        using var answer = await SendAsync(url, key);
        return answer.StatusCode;
    }

    private async Task<string> GetAsync(string url, string key)
    {
        using var answer = await SendAsync(url, key);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task<HttpResponseMessage> SendAsync(string url, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await _client.SendAsync(request);
    }
}
