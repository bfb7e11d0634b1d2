using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Identity;

namespace ModelHub.Application.CustomModels.Repositories;

/// <summary>A Git repository that an administrator has registered; users name it by its id and never by an address.</summary>
public sealed class RemoteRepository
{
    private RemoteRepository()
    {
    }

    public RemoteRepository(string name, string location, Guid createdBy, DateTimeOffset now)
    {
        Id = HubId.New(now);
        (Name, Location, CreatedBy, CreatedAt) = (name, location, createdBy, now);
    }

    public Guid Id { get; private set; }

    public string Name { get; private set; } = "";

    /// <summary>http or https, without credentials.</summary>
    public string Location { get; private set; } = "";

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
}

internal sealed class RepositoryStorage : IEntityTypeConfiguration<RemoteRepository>
{
    public void Configure(EntityTypeBuilder<RemoteRepository> e)
    {
        e.ToTable("remote_repositories");
        e.Property(r => r.Name).HasMaxLength(Names.Longest);
        e.Property(r => r.Location).HasMaxLength(2000);
        e.HasIndex(r => r.Name).IsUnique();
        e.HasOne<User>().WithMany().HasForeignKey(r => r.CreatedBy).OnDelete(DeleteBehavior.Cascade);
    }
}

/// <summary>What was fetched: the commit, and its files as a tar.</summary>
public sealed record FetchedCommit(string Sha, Stream Tar);

/// <summary>Fetches from Git repositories, without anything of the host's: no credentials, no settings, no hooks.</summary>
public interface IRepositoryFetcher
{
    /// <summary>Fetches one commit and hands over its files; what was fetched is gone afterwards.</summary>
    /// <exception cref="Errors.ModelHubException">The repository does not answer, or has no such branch, tag or commit.</exception>
    Task FetchAsync(string location, string reference, Func<FetchedCommit, CancellationToken, Task> use, CancellationToken cancellation);
}
