using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests;

/// <summary>From data to predictions, through both dialects.</summary>
[Collection("hub")]
public sealed class TrainingTests(RunningHub hub)
{
    [Fact]
    public async Task A_table_becomes_a_leaderboard_and_its_best_model_scores()
    {
        var project = (await PostAsync("/api/projects", new { name = "walk " + Guid.NewGuid() })).GetProperty("project");
        using var form = new MultipartFormDataContent
        {
            { new StringContent(project.GetProperty("id").GetString()!), "project_id" },
            { new StringContent("table"), "name" },
            { new ByteArrayContent(Encoding.UTF8.GetBytes(Table(200))), "file", "table.csv" },
        };
        var uploaded = await (await hub.Client.PostAsync("/api/datasets", form)).Content.ReadFromJsonAsync<JsonElement>();
        var dataset = uploaded.GetProperty("dataset");
        Assert.Equal(200, dataset.GetProperty("row_count").GetInt32());
        var run = (await PostAsync("/api/experiments", new
        {
            dataset_version_id = dataset.GetProperty("version_id").GetString(), name = "run", target_column = "label",
            config = new { mode = "high_speed", nfolds = 3 },
        })).GetProperty("experiment");
        var done = await HubSteps.UntilAsync(
            async () => (await hub.Client.GetFromJsonAsync<JsonElement>($"/api/experiments/{run.GetProperty("id")}")).GetProperty("experiment"),
            now => now.GetProperty("status").GetString() is not ("queued" or "running"));
        Assert.Equal("succeeded", done.GetProperty("status").GetString());
        Assert.True(done.GetProperty("leaderboard").GetArrayLength() >= 2);
        var scored = await PostAsync($"/api/models/{done.GetProperty("best_model_id")}/predict", new
        {
            inputs = new[] { new { x = 3.0, colour = "red" }, new { x = -3.0, colour = "blue" } },
            options = new { include_contributions = true },
        });
        Assert.Equal(["yes", "no"], scored.GetProperty("predictions").EnumerateArray().Select(p => p.GetProperty("prediction").GetString()!));
        Assert.Equal("BiasTerm", scored.GetProperty("contributions")[0].EnumerateArray().Last().GetProperty("feature").GetString());
        var explained = await hub.Client.GetFromJsonAsync<JsonElement>($"/api/models/{done.GetProperty("best_model_id")}/explain");
        Assert.Equal("x", explained.GetProperty("explain").GetProperty("variable_importance")[0].GetProperty("variable").GetString());
    }

    [Fact]
    public async Task Vectors_are_added_trained_on_and_scored_by_name()
    {
        var name = "vectors " + Guid.NewGuid();
        await hub.SayAsync("create_project", new { project_name = name, application = "test" });
        await hub.SayAsync("init", new { project_name = name, collection_name = "c", vector_type = "dense", vector_dim = 2 });
        var data = Enumerable.Range(0, 120).Select(i => new[] { Math.Sin(i), Math.Cos(3 * i) }).ToArray();
        var added = await hub.SayAsync("add_data_batch", new
        {
            project_name = name, collection_name = "c", data, attributes = data.Select(v => new { label = v[0] > 0 ? "1" : "0" }),
        });
        Assert.Equal("finished", (await hub.SayAsync("get_upload_data_status", new { job_id = added.GetProperty("job_id") })).GetProperty("status").GetString());
        var job = (await hub.SayAsync("train_automl_model", new
        {
            project_name = name, collection_name = "c", model_name = "m", training_mode = "high_speed", task_type = "classification", label_attribute = "label",
        })).GetProperty("job_id");
        var done = await HubSteps.UntilAsync(
            () => hub.SayAsync("get_automl_training_status", new { job_id = job }), now => now.GetProperty("status").GetString() is "finished" or "failed");
        Assert.Equal("finished", done.GetProperty("status").GetString());
        var scored = await hub.SayAsync("automl_predict", new { project_name = name, collection_name = "c", model_name = "m", prediction_dataset = "c" });
        Assert.Equal(120, scored.GetProperty("num_samples").GetInt32());
        Assert.True(scored.GetProperty("prediction_metric").GetProperty("accuracy").GetDouble() > 0.9);
    }

    /// <summary>Seed 003: all categorical attributes must be present in the prediction data.</summary>
    [Fact]
    public async Task Rows_without_what_the_model_was_told_to_read_are_refused()
    {
        var (project, _) = await hub.TrainByNameAsync("binary", ["colour"]);
        foreach (var (csv, says) in new[] { ("passenger,target\n7,yes\n", "no column of the training data"), ("x,z\n1,2\n", "lacks 'colour'") })
        {
            var refused = await hub.SayAsync("automl_predict", new
            {
                project_name = project, collection_name = "rows", model_name = "m", file_format = "csv", has_field_names = true, file_data = NamedSteps.Base64(csv),
            }, 400);
            Assert.Contains(says, refused.GetProperty("error_message").GetString(), StringComparison.Ordinal);
        }
    }

    private static string Table(int rows)
    {
        var text = new StringBuilder("x,colour,label\n");
        for (var i = 0; i < rows; i++)
        {
            var x = 4 * Math.Sin(i * 12.9898);
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{x:R},{(i % 3 == 0 ? "red" : "blue")},{(x > 0 ? "yes" : "no")}\n");
        }
        return text.ToString();
    }

    private async Task<JsonElement> PostAsync(string path, object body)
    {
        using var answer = await hub.Client.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }
}
