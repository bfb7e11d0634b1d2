using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Experiments;

/// <summary>Parts of a search in the database, their bytes as artifacts. The engine calls it from its own threads and waits.</summary>
internal sealed class SearchJournal(IServiceScopeFactory scopes, IArtifactStore store, TimeProvider clock, Guid experimentId, Job job) : ISearchJournal
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>What the finished parts say that the search had used of its time.</summary>
    public TimeSpan Used => With(db => TimeSpan.FromSeconds(
        db.Set<SearchPart>().Where(p => p.ExperimentId == experimentId).Max(p => (double?)p.UsedSeconds) ?? 0));

    public byte[]? Find(string part)
    {
        var sha256 = With(db => db.Set<SearchPart>().Where(p => p.ExperimentId == experimentId && p.Name == part)
            .Select(p => p.ArtifactSha256).FirstOrDefault());
        return sha256 is null ? null : ReadAsync(sha256).GetAwaiter().GetResult();
    }

    public bool Claim(string part) => With(db => db.Database.ExecuteSql(
        $"""
         insert into search_parts (experiment_id, name, holder, used_seconds) 
         select {experimentId}, {part}, {job.LeaseToken}, 0
         where exists (select from experiments x where x.id = {experimentId} and x.status = 'Running')
         on conflict (experiment_id, name) do update set holder = excluded.holder
         where search_parts.artifact_sha256 is null and not exists (
             select from jobs j where j.lease_token = search_parts.holder and j.status = 'Running' and j.lease_until > now())
         """)) > 0;

    public void Store(string part, byte[] result, TimeSpan used)
    {
        var stored = store.PutAsync(result, CancellationToken.None).GetAwaiter().GetResult();
        With(db =>
        {
            using var transaction = db.Database.BeginTransaction();
            ArtifactRows.EnsureAsync(db, stored, clock.GetUtcNow(), CancellationToken.None).GetAwaiter().GetResult();
            db.Database.ExecuteSql(
                $"""
                 update search_parts set artifact_sha256 = {stored.Sha256}, used_seconds = {used.TotalSeconds}
                 where experiment_id = {experimentId} and name = {part} and holder = {job.LeaseToken}
                 """);
            // A job that gets on is not poison, however often its worker dies.
            db.Database.ExecuteSql($"update jobs set attempt = 1 where id = {job.Id} and lease_token = {job.LeaseToken} and attempt > 1");
            transaction.Commit();
            return true;
        });
    }

    public void Wait(CancellationToken cancellation) => cancellation.WaitHandle.WaitOne(Pause);

    private async Task<byte[]> ReadAsync(string sha256)
    {
        await using var stream = await store.OpenAsync(sha256, CancellationToken.None);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes);
        return bytes.ToArray();
    }

    /// <summary>Several threads call: each gets a context of its own.</summary>
    private T With<T>(Func<HubDbContext, T> use)
    {
        using var scope = scopes.CreateScope();
        return use(scope.ServiceProvider.GetRequiredService<HubDbContext>());
    }
}
