using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ModelHub.Api.Tests.Models;

/// <summary>A hub of its own: what the planner chooses depends on what else is in the tables.</summary>
public sealed class ModelListTests(RunningHub hub) : IClassFixture<RunningHub>
{
    /// <summary>A page of very many models is one query that walks an index, whatever it is sorted by.</summary>
    [Fact]
    public async Task A_page_of_many_models_is_one_query_in_the_order_of_an_index()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        using var owner = await hub.NewUserAsync();
        var project = (await owner.PostAsJsonAsync("/api/projects", new { name = "many" }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
        await using var db = await hub.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        await FillAsync(db, Guid.Parse(project), Guid.Parse(made.BestId), 30_000);
        foreach (var (query, index) in new[]
        {
            ("", "Index Only Scan using ix_models_newest"), ("&sort_metric=auc", "Index Only Scan using ix_models_by_auc"),
            ("&sort_metric=auc&sort_dir=asc", "Index Only Scan Backward using ix_models_by_auc"),
            ("&sort_metric=logloss", "Index Only Scan using ix_models_by_logloss"),
            ("&sort_metric=mean_per_class_error", "Index Only Scan using ix_models_by_macro_recall"),
        })
        {
            using var seen = new SeenStatements();
            var page = await owner.GetAsync($"/api/models?limit=50&offset=100{query}").JsonAsync();
            Assert.Equal(30_000, page.GetProperty("total").GetInt32());
            Assert.Equal(50, page.GetProperty("items").GetArrayLength());
            var sql = Assert.Single(seen.Texts, t => t.Contains("models", StringComparison.Ordinal));
            Assert.Contains(index, await PlanAsync(db, sql), StringComparison.Ordinal);
        }
        var best = await owner.GetAsync("/api/models?limit=5&sort_metric=auc").JsonAsync();
        Assert.Equal(30_000, best.GetProperty("items").EnumerateArray().Max(m => m.GetProperty("metrics").GetProperty("auc").GetDouble()) * 30_000, 6);
        var second = await owner.GetAsync("/api/models?limit=5&offset=5&sort_metric=auc").JsonAsync();
        double[] ordered = [.. best.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray())
            .Select(m => m.GetProperty("metrics").GetProperty("auc").GetDouble())];
        Assert.Equal(ordered.OrderDescending(), ordered);
        var worst = await owner.GetAsync("/api/models?limit=5&sort_metric=auc&sort_dir=asc").JsonAsync();
        Assert.Equal([1.0, 2, 3, 4, 5], worst.GetProperty("items").EnumerateArray()
            .Select(m => Math.Round(m.GetProperty("metrics").GetProperty("auc").GetDouble() * 30_000, 6)));
        Assert.Equal(0, (await owner.GetAsync("/api/models?search=nothing%20of%20the%20kind").JsonAsync()).GetProperty("total").GetInt32());
        Assert.Equal(1, (await owner.GetAsync("/api/models?search=MANY%2029999").JsonAsync()).GetProperty("total").GetInt32());
        // Names of the experiment and of the project are of all its models.
        Assert.Equal(30_000, (await owner.GetAsync("/api/models?limit=2&search=MANY").JsonAsync()).GetProperty("total").GetInt32());
        var none = await owner.GetAsync("/api/models?offset=40000").JsonAsync();
        Assert.Equal((30_000, 0), (none.GetProperty("total").GetInt32(), none.GetProperty("items").GetArrayLength()));
    }

    /// <summary>Models without a metric come behind those with it, in both directions, whatever the page.</summary>
    [Theory]
    [InlineData("desc", new[] { 3.0, 2, 1 })]
    [InlineData("asc", new[] { 1.0, 2, 3 })]
    public async Task Models_without_the_metric_come_last(string direction, double[] known)
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        using var owner = await hub.NewUserAsync();
        var project = (await owner.PostAsJsonAsync("/api/projects", new { name = "some" }).JsonAsync(201)).GetProperty("project").GetProperty("id").GetString()!;
        await using var db = await hub.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync();
        await FillAsync(db, Guid.Parse(project), Guid.Parse(made.BestId), 7);
        await using var forget = db.CreateCommand();
        forget.CommandText = $"update models set metrics = metrics - 'auc' where project_id = '{project}' and metric_auc > 3.5 / 7";
        Assert.Equal(4, await forget.ExecuteNonQueryAsync());
        var all = new List<double?>();
        for (var offset = 0; offset < 9; offset += 2)
        {
            var page = await owner.GetAsync($"/api/models?limit=2&offset={offset}&sort_metric=auc&sort_dir={direction}").JsonAsync();
            Assert.Equal(7, page.GetProperty("total").GetInt32());
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(m =>
                m.GetProperty("metrics").TryGetProperty("auc", out var auc) ? Math.Round(auc.GetDouble() * 7, 6) : (double?)null));
        }
        Assert.Equal([.. known.Cast<double?>(), null, null, null, null], all);
    }

    private static async Task FillAsync(NpgsqlConnection db, Guid project, Guid model, int count)
    {
        await using var command = db.CreateCommand();
        command.CommandText =
            $"""
             with x as (
                 insert into experiments select (jsonb_populate_record(x, jsonb_build_object('id', gen_random_uuid(), 'project_id', '{project}', 'best_model_id', null))).*
                 from experiments x join models m on m.experiment_id = x.id where m.id = '{model}' returning id)
             insert into models (id, project_id, experiment_id, name, algorithm, task, is_best, artifact_sha256, size_bytes, train_seconds, micros_per_row,
                                 metrics, fold_scores, parameters, report, created_at)
             select gen_random_uuid(), '{project}'::uuid, x.id, 'many ' || i, 'GBM', 'binary', false, m.artifact_sha256, 1, 1, 1,
                    jsonb_build_object('auc', i / {count}::float8, 'logloss', (i * 7919 % {count}) / {count}::float8, 'macro_recall', (i * 31 % {count}) / {count}::float8),
                    m.fold_scores, m.parameters, '[]'::jsonb, m.created_at + i * interval '1 millisecond'
             from x, models m, generate_series(1, {count}) i where m.id = '{model}';
             analyze
             """;
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The plan of a statement that was seen, with its parameters as it had them.</summary>
    private static async Task<string> PlanAsync(NpgsqlConnection db, string sql)
    {
        await using var command = db.CreateCommand();
        command.CommandText = "explain " + sql;
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
            plan.Add(reader.GetString(0));
        return string.Join('\n', plan);
    }
}
