using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Explanations;

/// <summary>What a column does in a trained model: the unnormalised impact, and its share of the greatest.</summary>
public sealed record ModelImpact(string Feature, double Unnormalized, double Normalized);

/// <summary>Impacts of a trained model's columns, the greatest first, and how many rows they come from.</summary>
public sealed record ModelImpacts(int Rows, IReadOnlyList<ModelImpact> Columns);

/// <summary>Feature impact of trained models, by shuffling or by SHAP, for a dialect whose clients ask for it and fetch it later.</summary>
public sealed class ModelImpactService(HubDbContext db, ExplanationService explanations, TimeProvider clock)
{
    /// <summary>By shuffling columns (<paramref name="byShap"/>: by mean absolute contributions, of all classes together).</summary>
    /// <exception cref="ModelHubException">Unknown in this project, never trained, or (SHAP) without exact contributions.</exception>
    public async Task<ModelImpacts> GetAsync(Caller caller, Guid projectId, Guid modelId, bool byShap, CancellationToken cancellation)
    {
        var found = await explanations.GetAsync(caller, modelId, new DataWish(), cancellation);
        if (found.ProjectId != projectId)
            throw ModelHubException.NotFound("model");
        if (!byShap)
            return Ranked(found.Explanation.Rows, found.Explanation.Permutation.Select(p => (p.Variable, p.Importance)));
        var shap = found.Explanation.Shap ?? throw ModelHubException.Invalid("modelId", "This model has no exact SHAP contributions; ask for featureImpact.");
        return Ranked(found.Explanation.Rows, shap.GroupBy(s => s.Feature, s => s.MeanAbsolute, StringComparer.Ordinal).Select(g => (g.Key, g.Sum())));
    }

    /// <summary>Makes sure that it is there; the work's job, which is done.</summary>
    public async Task<Job> RequestAsync(Caller caller, Guid projectId, Guid modelId, bool byShap, CancellationToken cancellation)
    {
        var started = clock.GetUtcNow();
        await GetAsync(caller, projectId, modelId, byShap, cancellation);
        var kind = byShap ? CustomModelJobs.ShapImpact : CustomModelJobs.FeatureImpact;
        var job = Job.Done(kind, caller.UserId, projectId, modelId, started, clock.GetUtcNow());
        db.Jobs.Add(job);
        await db.SaveChangesAsync(cancellation);
        return job;
    }

    private static ModelImpacts Ranked(int rows, IEnumerable<(string Feature, double Value)> columns)
    {
        var ordered = columns.OrderByDescending(c => c.Value).ThenBy(c => c.Feature, StringComparer.Ordinal).ToList();
        var greatest = ordered.Count == 0 ? 0 : ordered[0].Value;
        return new ModelImpacts(rows, [.. ordered.Select(c => new ModelImpact(c.Feature, c.Value, greatest > 0 ? c.Value / greatest : 0))]);
    }
}
