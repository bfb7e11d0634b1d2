using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Repositories;

/// <summary>What to take from a repository.</summary>
/// <param name="Paths">Files and folders; empty for everything.</param>
public sealed record RepositoryWish(Guid RepositoryId, string? Reference, IReadOnlyList<string> Paths);

/// <summary>Registered repositories, and versions of custom models made from them.</summary>
public sealed partial class RepositoryService(
    HubDbContext db, IRepositoryFetcher fetcher, IArtifactStore store, VersionService versions, TimeProvider clock)
{
    private const string DefaultReference = "HEAD";
    private static readonly ArchiveLimits Limits = new() { MostBytes = 2L << 30, Field = "repositoryId" };

    public async Task<RemoteRepository> RegisterAsync(Caller caller, string name, string location, CancellationToken cancellation)
    {
        caller.RequireAdmin();
        if (!Uri.TryCreate(location, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
            throw ModelHubException.Invalid("location", "'location' is an http or https address without credentials.");
        var repository = new RemoteRepository(Names.Checked(name), address.AbsoluteUri, caller.UserId, clock.GetUtcNow());
        db.Add(repository);
        await db.SaveOrConflictAsync("repository_name_taken", $"A repository called '{name}' already exists.", cancellation);
        return repository;
    }

    public async Task<Page<RemoteRepository>> ListAsync(Paging paging, CancellationToken cancellation)
    {
        var rows = db.Set<RemoteRepository>().AsNoTracking();
        return await rows.OrderByDescending(r => r.CreatedAt).ThenBy(r => r.Id).ToPageAsync(paging, cancellation);
    }

    public async Task<RemoteRepository> GetAsync(Guid id, CancellationToken cancellation) =>
        await db.Set<RemoteRepository>().AsNoTracking().FirstOrDefaultAsync(r => r.Id == id, cancellation)
        ?? throw ModelHubException.NotFound("remote repository");

    public async Task DeleteAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        caller.RequireAdmin();
        if (await db.Set<RemoteRepository>().Where(r => r.Id == id).ExecuteDeleteAsync(cancellation) == 0)
            throw ModelHubException.NotFound("remote repository");
    }

    /// <summary>A version of the files of a commit.</summary>
    public async Task<CustomModelVersionView> CreateVersionAsync(
        Caller caller, Guid modelId, RepositoryWish wish, NewVersion wanted, CancellationToken cancellation)
    {
        await versions.FindModelAsync(caller, modelId, SharingRight.Edit, cancellation);
        var repository = await db.Set<RemoteRepository>().AsNoTracking().FirstOrDefaultAsync(r => r.Id == wish.RepositoryId, cancellation)
            ?? throw ModelHubException.Invalid("repositoryId", "There is no such repository.");
        var reference = string.IsNullOrEmpty(wish.Reference) ? DefaultReference : wish.Reference;
        if (!Reference().IsMatch(reference) || reference.Contains("..", StringComparison.Ordinal))
            throw ModelHubException.Invalid("ref", "'ref' is the name of a branch or tag, or a commit.");
        var paths = wish.Paths.Where(p => p is not ("" or "." or "/")).Select(p => ArchivePath.Clean(p, "sourcePath")).ToList();
        var files = new List<NewFile>();
        await fetcher.FetchAsync(
            repository.Location, reference,
            (commit, stop) => ArchiveReader.ReadAsync(
                commit.Tar, Limits,
                async (path, content, token) =>
                {
                    if (paths.Count > 0 && !paths.Exists(p => path == p || path.StartsWith(p + "/", StringComparison.Ordinal)))
                        return;
                    if (files.Count >= ResourceLimits.MostFiles)
                        throw ModelHubException.Invalid("sourcePath", $"More than {ResourceLimits.MostFiles} files are named; say which by 'sourcePath'.");
                    var bytes = await store.PutAsync((target, t) => content.CopyToAsync(target, t), token);
                    files.Add(new NewFile(path, bytes, new FileOrigin(repository.Name, repository.Location, path, reference, commit.Sha)));
                },
                stop),
            cancellation);
        if (paths.FirstOrDefault(p => !files.Exists(f => f.Path == p || f.Path.StartsWith(p + "/", StringComparison.Ordinal))) is { } missing)
            throw ModelHubException.Invalid("sourcePath", $"The repository has no '{missing}' at '{reference}'.");
        return await versions.CreateAsync(caller, modelId, wanted with { Files = files }, cancellation);
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._/@+-]{0,199}$", RegexOptions.CultureInvariant)]
    private static partial Regex Reference();
}
