using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Uploads that mean harm (groups U, Z and X of the reliability cases), through the real pipeline.</summary>
[Collection("others models")]
public sealed class HostileUploadTests(RunningHub hub)
{
    private static readonly object Wanted = new { name = "hostile", customModelType = "inference", targetType = "Regression", targetName = "y" };

    [Theory]
    [InlineData("../escape.py")]
    [InlineData("a/../../escape.py")]
    [InlineData("..\\escape.py")]
    [InlineData("/etc/cron.d/escape")]
    [InlineData("\\\\server\\share")]
    [InlineData("C:\\windows\\escape")]
    [InlineData("file:///etc/passwd")]
    [InlineData("x\0y")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("trailing.")]
    public async Task Names_that_lead_elsewhere_are_refused_and_leave_nothing(string path)
    {
        // U6, Z9
        var model = await ModelAsync();
        var before = Outside();
        var answer = await hub.Client.PostAsync(Versions(model), Upload.Version(ContractPaths.BuiltIn, (path, "import os\n")));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal(0, (await hub.Client.GetFromJsonAsync<JsonElement>(Versions(model))).GetProperty("totalCount").GetInt32());
        Assert.Equal(before, Outside());
    }

    [Fact]
    public async Task A_name_of_four_thousand_letters_is_refused_and_one_with_odd_signs_is_only_data()
    {
        var model = await ModelAsync();
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await hub.Client.PostAsync(Versions(model), Upload.Version(ContractPaths.BuiltIn, (new string('x', 4096), "1")))).StatusCode);
        var odd = await HubSteps.Sent(hub.Client.PostAsync(Versions(model), Upload.Version(ContractPaths.BuiltIn, ("..%2f$(touch x);--help '\".py", "1"))));
        Assert.Equal("..%2f$(touch x);--help '\".py", odd.GetProperty("items")[0].GetProperty("filePath").GetString());
        var folder = await HubSteps.Sent(hub.Client.PostAsync(Versions(model), Upload.Version(ContractPaths.BuiltIn, ("a/", "1"))));
        Assert.Equal("a", folder.GetProperty("items")[0].GetProperty("filePath").GetString());
    }

    [Theory]
    [InlineData("dashes")]
    [InlineData("parts")]
    [InlineData("header")]
    [InlineData("endless")]
    public async Task Forms_that_are_made_to_cost_time_are_refused(string kind)
    {
        // U8
        var model = await ModelAsync();
        var text = new StringBuilder();
        switch (kind)
        {
            case "dashes":
                text.Append("--b").Append('-', 1 << 20).Append("\r\n\r\n");
                break;
            case "parts":
                for (var i = 0; i < 10_000; i++)
                    text.Append("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n");
                text.Append("--b--\r\n");
                break;
            case "header":
                text.Append("--b\r\nContent-Disposition: form-data; name=\"").Append('x', 1 << 20).Append("\"\r\n\r\n1\r\n--b--\r\n");
                break;
            default:
                text.Append("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.py\"\r\n\r\nno end");
                break;
        }
        var body = new ByteArrayContent(Encoding.ASCII.GetBytes(text.ToString()));
        body.Headers.ContentType = MediaTypeHeaderValue.Parse("multipart/form-data; boundary=b");
        var answer = await hub.Client.PostAsync(Versions(model), body);
        Assert.Contains((int)answer.StatusCode, (int[])[400, 413, 422]);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task No_address_that_a_user_names_is_ever_connected_to()
    {
        // U9: image addresses on this machine, on private networks and elsewhere; a listener would see it.
        using var canary = new TcpListener(IPAddress.Loopback, 0);
        canary.Start();
        var environment = await EnvironmentAsync();
        var port = ((IPEndPoint)canary.LocalEndpoint).Port;
        foreach (var address in new[] { $"127.0.0.1:{port}/image:1", $"localhost:{port}/image", "169.254.169.254/latest/meta-data", "10.0.0.1/x", "library/python:3", $"http://127.0.0.1:{port}/", "--help", "a b" })
        {
            var answer = await hub.Client.PostAsync(environment, new MultipartFormDataContent { { new StringContent(address), "dockerImageUri" } });
            Assert.True(answer.StatusCode == HttpStatusCode.UnprocessableEntity, $"{address}: {answer.StatusCode}");
        }
        using var user = await hub.NewUserAsync();
        var repository = new { name = "canary", location = $"http://127.0.0.1:{port}/r.git", sourceType = "git" };
        Assert.Equal(HttpStatusCode.Forbidden, (await user.PostAsJsonAsync("/api/v2/remoteRepositories/", repository)).StatusCode);
        Assert.False(canary.Pending());
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("loot")]
    [InlineData("../../../../etc/shadow")]
    public async Task A_docker_context_with_links_is_refused(string target)
    {
        // Z4
        var environment = await EnvironmentAsync();
        var form = new MultipartFormDataContent { { new ByteArrayContent(Upload.DockerContext(target)), "dockerContext", "context.tar.gz" } };
        var answer = await hub.Client.PostAsync(environment, form);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains("link", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_browsers_would_run_comes_back_as_a_download()
    {
        // U13
        var (model, version) = await hub.ModelAsync(Wanted, ("page.html", "<script>alert(1)</script>"));
        var answer = await hub.Client.GetAsync($"{Versions(model)}{version.GetProperty("id").GetString()}/download/");
        Assert.Equal("application/zip", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task Secrets_and_settings_that_look_like_variables_stay_as_they_are()
    {
        // A10, X9: texts are data wherever they come out again.
        const string Text = "$HOME ${env:PATH} {{7*7}} %PATH% $(id) `id` <b>";
        var answer = await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModels/", new { name = Text, description = Text, customModelType = "inference", targetType = "Regression", targetName = "y" }));
        Assert.Equal((Text, Text), (answer.GetProperty("name").GetString(), answer.GetProperty("description").GetString()));
    }

    [Fact]
    public async Task The_same_creation_sent_ten_times_at_once_makes_one()
    {
        // U10: what names its own id is there once, whoever asks again is told so.
        var id = Guid.NewGuid().ToString("N")[..24];
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(
            _ => hub.Client.PostAsJsonAsync("/api/v2/executionEnvironments/", new { name = "once", environmentId = id })));
        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        Assert.Equal(9, answers.Count(a => a.StatusCode == HttpStatusCode.Conflict));
    }

    private static string Versions(string model) => $"/api/v2/customModels/{model}/versions/";

    private async Task<string> ModelAsync() => (await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModels/", Wanted))).GetProperty("id").GetString()!;

    /// <summary>The address of a new environment's versions.</summary>
    private async Task<string> EnvironmentAsync() =>
        $"/api/v2/executionEnvironments/{(await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/executionEnvironments/", new { name = "hostile" }))).GetProperty("id").GetString()}/versions/";

    /// <summary>What lies in the hub's folder beside the artifacts, which only have names of their own.</summary>
    private string[] Outside() =>
    [
        .. Directory.EnumerateFiles(hub.Folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(hub.Folder, f))
            .Where(f => !System.Text.RegularExpressions.Regex.IsMatch(f, "^artifacts/([0-9a-f]{2}/|tmp|\\.)")).Order(StringComparer.Ordinal),
    ];
}
