using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests;

/// <summary>Steps in the automl dialect, which knows everything by name.</summary>
internal static class NamedSteps
{
    public static Task<HttpResponseMessage> AskAsync(this RunningHub hub, string operation, object body)
    {
        var element = JsonSerializer.SerializeToNode(body)!.AsObject();
        element["user_api_key"] = RunningHub.Key;
        return hub.Client.PostAsJsonAsync("/api/" + operation, element);
    }

    public static Task<JsonElement> SayAsync(this RunningHub hub, string operation, object body, int status = 200) => hub.AskAsync(operation, body).JsonAsync(status);

    /// <summary>A CSV as the files of requests are sent.</summary>
    public static string Base64(string csv) => Convert.ToBase64String(Encoding.UTF8.GetBytes(csv));

    /// <summary>Trains a model m on a collection rows of a new project: the project's name, and the leaderboard as the hub's own dialect has it.</summary>
    public static async Task<(string Project, Leaderboard Board)> TrainByNameAsync(this RunningHub hub, string task, string[]? categorical = null)
    {
        var name = "named " + Guid.NewGuid();
        await hub.SayAsync("create_project", new { project_name = name, application = "test" });
        await hub.SayAsync("upload", new
        {
            project_name = name, collection_name = "rows", file_format = "csv", has_field_names = true, file_data = Base64(Leaderboards.Table(task)),
        });
        var job = (await hub.SayAsync("train_automl_model", new
        {
            project_name = name, collection_name = "rows", model_name = "m", training_mode = "high_speed", label_attribute = "target",
            task_type = task == "regression" ? "regression" : "classification", categorical_features = categorical ?? [],
        })).GetProperty("job_id");
        var done = await HubSteps.UntilAsync(
            () => hub.SayAsync("get_automl_training_status", new { job_id = job }), now => now.GetProperty("status").GetString() is "finished" or "failed");
        Assert.Equal("finished", done.GetProperty("status").GetString());
        var projects = await hub.Client.GetAsync($"/api/projects?search={Uri.EscapeDataString(name)}").JsonAsync();
        return (name, await Leaderboards.OfProjectAsync(hub, projects.GetProperty("items")[0].GetProperty("id").GetString()!, task));
    }
}
