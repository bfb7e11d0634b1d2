using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Models;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

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
public sealed record ModelExplanation(ModelView View, ModelReport Report, Explanation Explanation);

/// <summary>
/// Explains models: what evaluation kept is read; what needs the training data is computed from a sample of it when it is first asked
/// for, a second or so, and kept. The same model always gets the same explanation, so two that compute it at once do not disagree.
/// </summary>
public sealed class ExplanationService(HubDbContext db, ModelService models, ModelCache cache, DatasetTables tables)
{
    public async Task<ModelExplanation> GetAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var view = await models.GetAsync(caller, id, cancellation);
        if (view.Model.ArtifactSha256 is null)
            throw new ModelHubException(ErrorKind.WrongState, "model_failed", $"This model was not trained: {view.Model.FailureReason}");
        var report = JsonSerializer.Deserialize<ModelReport>(view.Model.Report, StoredJson.Options)!;
        var stored = await db.Set<StoredExplanation>().AsNoTracking().FirstOrDefaultAsync(e => e.ModelId == id, cancellation);
        var explanation = stored is not null ? JsonSerializer.Deserialize<Explanation>(stored.Content, StoredJson.Options)!
            : await ComputeAsync(view.Model, report, cancellation);
        return new ModelExplanation(view, report, explanation);
    }

    private async Task<Explanation> ComputeAsync(Model model, ModelReport report, CancellationToken cancellation)
    {
        var from = await db.Experiments.Where(x => x.Id == model.ExperimentId).Select(x => new { x.Origin, x.DatasetVersionId }).SingleAsync(cancellation);
        if (from.Origin == ModelImports.Origin)
            return new Explanation(); // its training data is elsewhere
        var table = await tables.ReadAsync(from.DatasetVersionId, cancellation);
        var trained = (await cache.GetAsync(model.Id, cancellation)).Trained!;
        var explanation = await Task.Run(() => Explanation.Of(trained, table, report.VariableImportance, cancellation), cancellation);
        var content = JsonSerializer.Serialize(explanation, StoredJson.Options);
        await db.Database.ExecuteSqlAsync(
            $"""
             insert into model_explanations (model_id, content) select {model.Id}, {content}::jsonb
             where exists (select from models where id = {model.Id} for key share) on conflict (model_id) do nothing
             """, cancellation);
        return explanation;
    }
}
