using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Explanations;

/// <summary>
/// Explains versions of custom models, uploaded ones among them: a model that the hub reads itself just like a trained one, any other by
/// asking it with one column after the other shuffled. The last explanation is kept, and answers while the same data is asked for.
/// </summary>
public sealed class VersionExplanations(HubDbContext db, PredictionService predictions, ExplanationData data, TimeProvider clock)
{
    /// <exception cref="Errors.ModelHubException">Unknown, not ready, without numbers for answers, or without data to be explained with.</exception>
    public async Task<ModelExplanation> GetAsync(Caller caller, Guid id, DataWish wish, CancellationToken cancellation)
    {
        var model = await predictions.OpenAsync(caller, id, cancellation);
        model.Answering?.Require(takesAnswers: false);
        var chosen = await data.OfVersionAsync(caller, id, wish, cancellation);
        var kept = await db.Set<VersionInsight>().AsNoTracking()
            .FirstOrDefaultAsync(i => i.VersionId == id && i.Kind == InsightKind.Behaviour, cancellation);
        var known = kept is null ? null : JsonSerializer.Deserialize<Known>(kept.Content, StoredJson.Options);
        if (known?.Data != chosen)
        {
            known = await ComputeAsync(model, chosen, cancellation);
            await KeepAsync(id, JsonSerializer.Serialize(known, StoredJson.Options), cancellation);
        }
        return new ModelExplanation(id, model.ProjectId, model.Header.Algorithm, known.Report, known.Explanation);
    }

    /// <summary>The version may have been deleted meanwhile.</summary>
    private Task<int> KeepAsync(Guid id, string content, CancellationToken cancellation) => db.Database.ExecuteSqlAsync(
        $"""
         insert into custom_model_insights (version_id, kind, content, created_at)
         select {id}, {nameof(InsightKind.Behaviour)}, {content}::jsonb, {clock.GetUtcNow()}
         where exists (select from custom_model_versions where id = {id} for key share)
         on conflict (version_id, kind) do update set content = excluded.content, created_at = excluded.created_at
         """, cancellation);

    private async Task<Known> ComputeAsync(LoadedModel model, ChosenData chosen, CancellationToken cancellation)
    {
        var table = await data.ReadAsync(chosen.DatasetVersionId, cancellation);
        var target = chosen.TargetIn(model, table);
        if (model.Trained is { } trained)
        {
            var shares = VariableImportance.Of(trained.Model, trained.Prepare(table.Take([])).Features)
                .Select(v => new ImportanceShare(v.Variable, v.Percentage, v.Scaled)).ToList();
            var explanation = await Task.Run(() => Explanation.Of(trained, table, target, shares, cancellation), cancellation);
            return new Known(chosen, await EvaluateAsync(model, table, target, table, cancellation) with { VariableImportance = shares }, explanation);
        }
        var features = new Table([.. table.Columns.Where(c => chosen.IsFeature(model, target, c.Name))], table.RowCount);
        var impact = await new ImpactRun((rows, stop) => model.PredictAsync(rows, stop).AsTask(), parallel: 1, _ => { }).RunAsync(
            table, name => features.Find(name) is not null, target, CustomModelTarget.TypeOf(model.Task), model.Header.Classes, Explanation.PermutedRows, cancellation);
        return new Known(
            chosen, await EvaluateAsync(model, table, target, features, cancellation) with { VariableImportance = SharesOf(impact) },
            new Explanation
            {
                Rows = Math.Min(table.RowCount, Explanation.PermutedRows),
                Metric = impact.Measure,
                Permutation = [.. impact.Columns.Select(c => new PermutationShare(c.Feature, c.Unnormalized, 0))],
            });
    }

    /// <summary>What the labels say of the predictions, where there are labels.</summary>
    /// <param name="given">What the model is given of the table.</param>
    private static async Task<ModelReport> EvaluateAsync(
        LoadedModel model, Table table, string target, Table given, CancellationToken cancellation)
    {
        var (rows, labels) = Explanation.Sample(model.Header, table, target);
        if (labels is null)
            return new ModelReport();
        var outputs = await model.PredictAsync(given.Take(rows), cancellation);
        var report = EvaluationReport.Of(model.Task, model.Header.Classes, outputs, labels, model.Header.Threshold);
        return ModelReport.OfValidation(ModelReport.Of(report), model.Task, model.Header.Classes, outputs, labels);
    }

    private static List<ImportanceShare> SharesOf(FeatureImpact impact)
    {
        var sum = impact.Columns.Sum(c => Math.Max(0, c.Unnormalized));
        return [.. impact.Columns.Select(c => new ImportanceShare(
            c.Feature, sum > 0 ? Math.Max(0, c.Unnormalized) / sum : 0, Math.Max(0, c.Normalized)))];
    }

    /// <summary>An explanation and the data that it is of.</summary>
    private sealed record Known(ChosenData Data, ModelReport Report, Explanation Explanation);
}
