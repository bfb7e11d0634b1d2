using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.Models;

/// <summary>The seven documented operations, each answer held against the contract (a copy of the shared one).</summary>
[Collection("hub")]
public sealed class ContractTests(RunningHub hub)
{
    private static readonly JsonElement Contract = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(Folder(), "models-api.schema.json")));
    private static readonly Dictionary<string, object> Row = new(StringComparer.Ordinal) { ["x"] = 0.4, ["colour"] = "blue", ["note"] = "note 1", ["z"] = 0.1 };

    [Theory]
    [InlineData("binary")]
    [InlineData("multiclass")]
    [InlineData("regression")]
    public async Task Every_documented_answer_is_as_documented(string task)
    {
        var made = await Leaderboards.OfAsync(hub, task);
        var path = $"/api/models/{made.OtherId}";
        Hold("GET /api/models 200", await hub.Client.GetAsync("/api/models?limit=10&offset=0&sort_metric=accuracy&sort_dir=desc&is_best=true").JsonAsync());
        Hold("GET /api/models/{model_id} 200", await hub.Client.GetAsync(path).JsonAsync());
        Hold("GET /api/models/{model_id}/parameters 200", await hub.Client.GetAsync(path + "/parameters").JsonAsync());
        Hold("GET /api/models/{model_id}/explain 200", await hub.Client.GetAsync(path + "/explain").JsonAsync());
        foreach (var body in new object[] { new { inputs = Row }, new { inputs = new[] { Row, Row }, options = new { include_contributions = true } } })
            Hold("POST /api/models/{model_id}/predict 200", await hub.Client.PostAsJsonAsync(path + "/predict", body).JsonAsync());
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(made.Csv(7))), "file", "rows.csv" } };
        var batch = await hub.Client.PostAsync(path + "/predict/batch", form).JsonAsync();
        Hold("POST /api/models/{model_id}/predict/batch 200", batch);
        Assert.Equal(7, batch.GetProperty("row_count").GetInt32());
    }

    [Fact]
    public async Task Deleting_answers_as_documented_and_what_is_deployed_stays()
    {
        var made = await Leaderboards.TrainAsync(hub, "binary");
        await Leaderboards.DeployAsync(hub, made.BestId);
        await hub.Client.DeleteAsync($"/api/models/{made.BestId}").JsonAsync(409);
        Hold("DELETE /api/models/{model_id} 200", await hub.Client.DeleteAsync($"/api/models/{made.OtherId}").JsonAsync());
        await hub.Client.GetAsync($"/api/models/{made.OtherId}").JsonAsync(404);
        await hub.Client.DeleteAsync($"/api/models/{made.OtherId}").JsonAsync(404);
    }

    private static void Hold(string definition, JsonElement answer) => Assert.Empty(SchemaCheck.Errors(Contract, definition, answer));

    private static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
