using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Projects;

/// <summary>How much a project may store: datasets, models and their files, batches, each content once.</summary>
/// <param name="MostBytes">0 for no bound.</param>
public sealed record ProjectQuota(long MostBytes)
{
    /// <summary>
    /// Asked first in the transaction that will name the artifacts: who stores in the same project waits until it ends, so that no two
    /// take the same room. What a search trains is counted, and not refused.
    /// </summary>
    /// <exception cref="ModelHubException">There is not enough room.</exception>
    internal async Task RequireRoomAsync(HubDbContext db, Guid projectId, IEnumerable<StoredArtifact> coming, CancellationToken cancellation)
    {
        if (MostBytes == 0)
            return;
        await db.Database.ExecuteSqlAsync($"select pg_advisory_xact_lock(hashtextextended({projectId.ToString()}, 13))", cancellation);
        var all = coming.ToList();
        string[] names = [.. all.Select(a => a.Sha256)];
        long[] sizes = [.. all.Select(a => a.Size)];
        var needed = await db.Database.SqlQuery<long>(
            $"""
             with kept as (
                 select p.artifact_sha256 as sha256 from dataset_parts p join datasets d on d.id = p.dataset_id where d.project_id = {projectId}
                 union select artifact_sha256 from models where project_id = {projectId}
                 union select f.sha256 from custom_model_files f join custom_model_versions v on v.id = f.version_id
                     join custom_models m on m.id = v.model_id where m.project_id = {projectId}
                 union select unnest(array[input_sha256, result_sha256]) from batch_predictions where project_id = {projectId})
             select coalesce(sum(size), 0)::bigint as "Value" from (
                 select sha256, size from artifacts where sha256 in (select sha256 from kept)
                 union select * from unnest({names}, {sizes})) stored
             """).SingleAsync(cancellation);
        if (needed > MostBytes)
            throw new ModelHubException(
                ErrorKind.TooLarge, "quota_exceeded", $"The project may store {MostBytes} bytes, and with this it would be {needed}; delete what is not needed.");
    }
}
