using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;

namespace ModelHub.Api.Tests;

/// <summary>What the OpenAPI documents promise.</summary>
[Collection("hub")]
public sealed class DocumentationTests(RunningHub hub)
{
    [Fact]
    public async Task Every_dialect_has_its_document_and_anybody_may_read_it()
    {
        using var anybody = hub.ClientOf(null);
        foreach (var dialect in hub.Services.GetRequiredService<Dialects.DialectSet>().All)
        {
            var document = await anybody.GetFromJsonAsync<JsonElement>($"/swagger/{dialect.Name}/swagger.json");
            Assert.StartsWith("3.1", document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
            Assert.NotEmpty(document.GetProperty("paths").EnumerateObject());
        }
    }

    [Fact]
    public async Task Operation_ids_are_distinct_in_every_document()
    {
        foreach (var operations in (await OperationsAsync()).GroupBy(o => o.Document))
        {
            var ids = operations.Select(o => o.Body.GetProperty("operationId").GetString()!).ToList();
            Assert.Equal(ids.Distinct(StringComparer.Ordinal), ids);
        }
    }

    [Fact]
    public async Task Every_operation_says_how_it_refuses_and_shows_what_it_reads_and_answers()
    {
        foreach (var operation in await OperationsAsync())
        {
            Assert.True(operation.Body.TryGetProperty("summary", out _), $"{operation} has no summary");
            var answers = operation.Body.GetProperty("responses").EnumerateObject().ToList();
            Assert.True(answers.Any(a => a.Name == "401") && answers.Any(a => a.Name == "503"), operation.ToString());
            var bodies = answers.Select(a => a.Value);
            if (operation.Body.TryGetProperty("requestBody", out var request))
                bodies = bodies.Append(request);
            foreach (var media in bodies.Where(b => b.TryGetProperty("content", out _)).SelectMany(b => b.GetProperty("content").EnumerateObject()))
            {
                // A file to score is whatever the file is: its schema describes the form around it.
                if (media.Name.EndsWith("json", StringComparison.Ordinal) && !operation.Path.EndsWith("/predict/batch", StringComparison.Ordinal))
                    Assert.True(media.Value.TryGetProperty("example", out _) || operation.HasNoMembers(media.Value), $"{operation}: {media.Name}");
            }
        }
    }

    [Fact]
    public async Task The_hub_reads_its_own_examples()
    {
        var read = 0;
        foreach (var operation in await OperationsAsync())
        {
            if (!operation.Body.TryGetProperty("requestBody", out var request)
                || !request.GetProperty("content").TryGetProperty("application/json", out var media) || !media.TryGetProperty("example", out var example))
                continue;
            var path = Regex.Replace(operation.Path, @"\{[^}]*\}", "01a1fd229276abd89b0c5ad3");
            using var message = new HttpRequestMessage(new HttpMethod(operation.Method.ToUpperInvariant()), path)
            {
                Content = new StringContent(example.GetRawText(), Encoding.UTF8, "application/json"),
            };
            using var answer = await hub.Client.SendAsync(message);
            var said = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode < HttpStatusCode.InternalServerError, $"{operation}: {answer.StatusCode} {said}");
            Assert.False(said.Contains("wrong type or form", StringComparison.Ordinal) || said.Contains("is not JSON", StringComparison.Ordinal), $"{operation}: {said}");
            read++;
        }
        Assert.True(read > 30, $"only {read} examples");
    }

    private async Task<List<Operation>> OperationsAsync()
    {
        var operations = new List<Operation>();
        foreach (var dialect in hub.Services.GetRequiredService<Dialects.DialectSet>().All)
        {
            var document = await hub.Client.GetFromJsonAsync<JsonElement>($"/swagger/{dialect.Name}/swagger.json");
            operations.AddRange(
                from path in document.GetProperty("paths").EnumerateObject()
                from method in path.Value.EnumerateObject()
                where method.Value.ValueKind == JsonValueKind.Object && method.Value.TryGetProperty("responses", out _)
                select new Operation(dialect.Name, path.Name, method.Name, method.Value, document.GetProperty("components").GetProperty("schemas")));
        }
        return operations;
    }

    private sealed record Operation(string Document, string Path, string Method, JsonElement Body, JsonElement Schemas)
    {
        /// <summary>Whether an empty object is all there is to say.</summary>
        public bool HasNoMembers(JsonElement media) => media.GetProperty("schema").TryGetProperty("$ref", out var target)
            && !Schemas.GetProperty(target.GetString()!.Split('/')[^1]).TryGetProperty("properties", out _);

        public override string ToString() => $"{Document}: {Method} {Path}";
    }
}
