using System.Globalization;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Calls documented operations and holds every answer against the contract file: status, headers, body. Remembers what was called.</summary>
internal sealed class Contract(HttpClient client)
{
    /// <summary>Answered by every operation, whether its document says so or not (decided in the design).</summary>
    private static readonly int[] Common = [400, 401, 403, 404, 409, 410, 413, 415, 422];
    private static readonly JsonElement Document = Read();
    private readonly ContractSchema _schema = new(Document);
    private HashSet<string> _answered = [];
    private HashSet<(string Operation, int Status)> _refused = [];

    public static IReadOnlyList<string> All { get; } =
    [
        .. Document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()
            .Where(m => m.Name is "get" or "post" or "patch" or "delete" or "put").Select(m => $"{m.Name.ToUpperInvariant()} {p.Name}")),
    ];

    public IEnumerable<string> NeverAnswered => All.Where(o => !_answered.Contains(o));

    public IEnumerable<string> NeverRefused => All.Where(o => !_refused.Any(r => r.Operation == o));

    /// <summary>Documented refusals that were not met, but for those of the listed.</summary>
    public IEnumerable<string> NeverMet(IEnumerable<string> but) => All
        .SelectMany(o => Documented(o).GetProperty("responses").EnumerateObject().Where(r => r.Name[0] == '4').Select(r => (Operation: o, Status: r.Name)))
        .Where(r => !_refused.Contains((r.Operation, int.Parse(r.Status, CultureInfo.InvariantCulture)))).Select(r => $"{r.Operation} {r.Status}").Except(but);

    /// <summary>The same, called by somebody else.</summary>
    public Contract By(HttpClient other) => new(other) { _answered = _answered, _refused = _refused };

    /// <param name="operation">Method and path as documented, with names in braces.</param>
    /// <param name="ids">What the braces hold, in their order; after a question mark, a query.</param>
    public async Task<JsonElement> CallAsync(string operation, int status, object? body = null, params string[] ids)
    {
        Assert.Contains(operation, All);
        var (method, template) = (operation.Split(' ')[0], operation.Split(' ')[1]);
        using var request = new HttpRequestMessage(new HttpMethod(method), Filled(template, ids)) { Content = body as HttpContent ?? (body is null ? null : JsonContent.Create(body)) };
        request.Headers.Accept.ParseAdd("application/json, */*");
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{operation} → {(int)response.StatusCode}, expected {status}: {text[..Math.Min(text.Length, 500)]}");
        if (status < 400)
            _answered.Add(operation);
        else
            _refused.Add((operation, status));
        var documented = Documented(operation).GetProperty("responses");
        if (!documented.TryGetProperty(status.ToString(CultureInfo.InvariantCulture), out var answer))
        {
            Assert.True(Common.Contains(status), $"{operation}: {status} is not documented");
            answer = default;
        }
        return status >= 400 ? Refusal(operation, response, text) : Answer(operation, response, text, answer);
    }

    private static JsonElement Documented(string operation) =>
        Document.GetProperty("paths").GetProperty(operation.Split(' ')[1]).GetProperty(operation.Split(' ')[0].ToLowerInvariant());

    private JsonElement Answer(string operation, HttpResponseMessage response, string text, JsonElement documented)
    {
        if (documented.TryGetProperty("headers", out var headers))
            Assert.All(headers.EnumerateObject(), h => Assert.Contains(
                h.Name, response.Headers.Concat(response.Content.Headers).Select(present => present.Key), StringComparer.OrdinalIgnoreCase));
        if (!documented.TryGetProperty("content", out var content) || !content.TryGetProperty("application/json", out var json) || (int)response.StatusCode == 204)
            return default;
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        var body = JsonDocument.Parse(text).RootElement;
        var wrong = _schema.Check(json.GetProperty("schema"), body);
        Assert.True(wrong.Count == 0, $"{operation}: {string.Join("; ", wrong.Take(5))} in {text[..Math.Min(text.Length, 1500)]}");
        return body;
    }

    private static JsonElement Refusal(string operation, HttpResponseMessage response, string text)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        var body = JsonDocument.Parse(text).RootElement;
        Assert.True(body.TryGetProperty("message", out var message) && message.GetString()!.Length > 5, $"{operation}: no message in {text}");
        return body;
    }

    private static string Filled(string template, string[] ids)
    {
        var at = 0;
        var path = System.Text.RegularExpressions.Regex.Replace(template, @"\{\w+\}", _ => ids[at++]);
        return at < ids.Length ? path + ids[at] : path;
    }

    private static JsonElement Read([CallerFilePath] string here = "") =>
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "operations.json"))).RootElement;
}
