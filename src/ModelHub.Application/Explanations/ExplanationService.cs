using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Explanations;

/// <summary>A model's explanation, as JSON.</summary>
public sealed class StoredExplanation
{
    public Guid ModelId { get; init; }

    public string Content { get; init; } = "{}";
}

internal sealed class ExplanationStorage : IEntityTypeConfiguration<StoredExplanation>
{
    public void Configure(EntityTypeBuilder<StoredExplanation> e)
    {
        e.ToTable("model_explanations");
        e.HasKey(x => x.ModelId);
        e.Property(x => x.Content).IsJson();
        e.HasOne<Model>().WithOne().HasForeignKey<StoredExplanation>(x => x.ModelId).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>What a model was evaluated to do, and what it does with its training data.</summary>
public sealed record ModelExplanation(Guid ModelId, Guid ProjectId, string Algorithm, ModelReport Report, Explanation Explanation);

/// <summary>
/// Explains models. Of those trained here, what evaluation kept is read, and what needs the training data was computed by a job after the
/// search (<see cref="ExplanationHandler"/>); who asks before it is done has it computed at once, from the same sample.
/// </summary>
public sealed class ExplanationService(HubDbContext db, ModelService models, ModelCache cache, ExplanationData data, VersionExplanations versions)
{
    /// <param name="wish">Other data to explain with than the model's own; versions of custom models may need it.</param>
    /// <exception cref="ModelHubException">Unknown, never trained, or without any data to be explained with.</exception>
    public async Task<ModelExplanation> GetAsync(Caller caller, Guid id, DataWish wish, CancellationToken cancellation)
    {
        if (!await db.Models.AnyAsync(m => m.Id == id, cancellation))
            return await versions.GetAsync(caller, id, wish, cancellation);
        var model = (await models.GetAsync(caller, id, cancellation)).Model;
        model.RequireArtifact();
        var report = JsonSerializer.Deserialize<ModelReport>(model.Report, StoredJson.Options)!;
        var explanation = await data.NamedAsync(caller, wish, cancellation) is { } named
            ? await ComputeAsync(model, report, named, cancellation) : await OwnAsync(model, report, cancellation);
        return new ModelExplanation(model.Id, model.ProjectId, model.Algorithm, report, explanation);
    }

    /// <summary>Explains a model with its training data and keeps that.</summary>
    internal async Task<Explanation> KeepAsync(Model model, TrainedModel trained, Table table, CancellationToken cancellation)
    {
        var report = JsonSerializer.Deserialize<ModelReport>(model.Report, StoredJson.Options)!;
        var explanation = await Task.Run(() => Explanation.Of(trained, table, trained.Header.Target, report.VariableImportance, cancellation), cancellation);
        var content = JsonSerializer.Serialize(explanation, StoredJson.Options);
        // The model may have been deleted meanwhile, or somebody was faster.
        await db.Database.ExecuteSqlAsync(
            $"""
             insert into model_explanations (model_id, content) select {model.Id}, {content}::jsonb
             where exists (select from models where id = {model.Id} for key share) on conflict (model_id) do nothing
             """, cancellation);
        return explanation;
    }

    private async Task<Explanation> OwnAsync(Model model, ModelReport report, CancellationToken cancellation)
    {
        if (await db.Set<StoredExplanation>().AsNoTracking().FirstOrDefaultAsync(e => e.ModelId == model.Id, cancellation) is { } stored)
            return JsonSerializer.Deserialize<Explanation>(stored.Content, StoredJson.Options)!;
        var from = await db.Experiments.Where(x => x.Id == model.ExperimentId).Select(x => new { x.Origin, x.DatasetVersionId }).RequireAsync("model", cancellation);
        if (from.Origin == ModelImports.Origin)
            return new Explanation(); // its training data is elsewhere
        var table = await data.ReadAsync(from.DatasetVersionId, cancellation);
        return await KeepAsync(model, (await cache.GetAsync(model.Id, cancellation)).Trained!, table, cancellation);
    }

    private async Task<Explanation> ComputeAsync(Model model, ModelReport report, ChosenData named, CancellationToken cancellation)
    {
        var loaded = await cache.GetAsync(model.Id, cancellation);
        var table = await data.ReadAsync(named.DatasetVersionId, cancellation);
        var target = named.TargetIn(loaded, table);
        return await Task.Run(() => Explanation.Of(loaded.Trained!, table, target, report.VariableImportance, cancellation), cancellation);
    }
}
