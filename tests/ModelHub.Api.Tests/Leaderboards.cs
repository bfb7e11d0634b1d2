using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests;

/// <summary>A trained leaderboard that tests share.</summary>
/// <param name="Rows">Rows of the training table as a CSV without its target.</param>
public sealed record Leaderboard(string ProjectId, string BestId, string OtherId, string Header, IReadOnlyList<string> Rows)
{
    public string Csv(int rows) => Header + "\n" + string.Concat(Enumerable.Range(0, rows).Select(i => Rows[i % Rows.Count] + "\n"));
}

internal static class Leaderboards
{
    private const string Header = "x,colour,note,z";

    private static readonly ConcurrentDictionary<(RunningHub, string), Lazy<Task<Leaderboard>>> Trained = [];

    /// <summary>binary, multiclass or regression; trained once per hub. Models of it may be deployed, not deleted.</summary>
    public static Task<Leaderboard> OfAsync(RunningHub hub, string task) =>
        Trained.GetOrAdd((hub, task), key => new Lazy<Task<Leaderboard>>(() => TrainAsync(key.Item1, key.Item2))).Value;

    public static async Task<JsonElement> JsonAsync(this Task<HttpResponseMessage> answer, int status = 200)
    {
        using var message = await answer;
        var text = await message.Content.ReadAsStringAsync();
        Assert.True((int)message.StatusCode == status, $"{message.RequestMessage?.Method} {message.RequestMessage?.RequestUri}: {(int)message.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    public static async Task<Leaderboard> TrainAsync(RunningHub hub, string task)
    {
        var project = (await hub.Client.PostAsJsonAsync("/api/projects", new { name = task + Guid.NewGuid() }).JsonAsync(201)).GetProperty("project");
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project.GetProperty("id").GetString()!), "project_id" },
            { new StringContent("table"), "name" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(Table(task))), "file", "table.csv" },
        };
        var dataset = (await hub.Client.PostAsync("/api/datasets", form).JsonAsync(201)).GetProperty("dataset");
        var run = (await hub.Client.PostAsJsonAsync("/api/experiments", new
        {
            dataset_version_id = dataset.GetProperty("version_id").GetString(), name = "run", target_column = "target",
            problem_type = task == "regression" ? "regression" : "classification", config = new { nfolds = 2, max_models = 2 },
        }).JsonAsync(202)).GetProperty("experiment");
        var now = await HubSteps.SettledAsync(
            async () => (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/experiments/{run.GetProperty("id")}")).GetProperty("experiment"));
        Assert.Equal("succeeded", now.GetProperty("status").GetString());
        return await OfProjectAsync(hub, project.GetProperty("id").GetString()!, task);
    }

    /// <summary>That of a project's only experiment, which has learned from <see cref="Table"/>.</summary>
    public static async Task<Leaderboard> OfProjectAsync(RunningHub hub, string projectId, string task)
    {
        var run = (await hub.Client.GetAsync($"/api/experiments?project_id={projectId}").JsonAsync()).GetProperty("items")[0];
        var models = (await hub.Client.GetAsync($"/api/experiments/{run.GetProperty("id").GetString()}/models").JsonAsync()).GetProperty("items").EnumerateArray();
        var best = run.GetProperty("best_model_id").GetString()!;
        var other = models.Select(m => m.GetProperty("id").GetString()!).First(id => id != best);
        return new Leaderboard(projectId, best, other, Header, [.. Rows(task).Select(r => r.Cells)]);
    }

    /// <summary>What leaderboards learn from, the target last.</summary>
    public static string Table(string task) => Header + ",target\n" + string.Concat(Rows(task).Select(r => $"{r.Cells},{r.Target}\n"));

    private static IEnumerable<(string Cells, string Target)> Rows(string task) => Enumerable.Range(0, 240).Select(i => Row(i, task));

    private static (string Cells, string Target) Row(int i, string task)
    {
        var x = 4 * Math.Sin(i * 12.9898);
        var colour = i % 3 == 0 ? "red" : i % 3 == 1 ? "blue" : "light \"sky\" blue, pale";
        var quoted = colour.Contains('"', StringComparison.Ordinal) ? $"\"{colour.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : colour;
        var z = i % 7 == 0 ? "" : Math.Round(Math.Cos(i * 78.233), 6).ToString("R", CultureInfo.InvariantCulture);
        var value = x + (colour == "red" ? 2 : 0) + Math.Cos(i);
        var target = task switch
        {
            "binary" => value > 0.5 ? "yes" : "no",
            "multiclass" => value < -1 ? "low" : value < 1.5 ? "middle" : "high",
            _ => value.ToString("R", CultureInfo.InvariantCulture),
        };
        return ($"{x.ToString("R", CultureInfo.InvariantCulture)},{quoted},note {i % 5},{z}", target);
    }

    public static async Task<string> DeployAsync(RunningHub hub, string modelId, string stage = "production") =>
        (await hub.Client.PostAsJsonAsync("/api/deployments", new { name = "d" + Guid.NewGuid(), model_id = modelId, stage }).JsonAsync(201))
        .GetProperty("deployment").GetProperty("id").GetString()!;
}
