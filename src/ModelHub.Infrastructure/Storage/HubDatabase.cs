using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Storage;
using Npgsql;

namespace ModelHub.Infrastructure.Storage;

/// <summary>The database as a whole: its migrations and whether it answers.</summary>
public sealed class HubDatabase(IServiceScopeFactory scopes, NpgsqlDataSource source)
{
    /// <summary>Brings the schema up to date. Several processes may do so at once: EF takes a lock.</summary>
    /// <exception cref="InvalidOperationException">The schema is newer than this program, or too old for it.</exception>
    public async Task MigrateAsync(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        var exists = await db.GetService<IHistoryRepository>().ExistsAsync(cancellation); // asking for migrations would log an error
        var known = db.Database.GetMigrations().ToList();
        var applied = exists ? (await db.Database.GetAppliedMigrationsAsync(cancellation)).ToList() : [];
        if (applied.Count > 0 && string.CompareOrdinal(applied[^1], known[^1]) > 0)
            throw new InvalidOperationException($"The database was migrated by a newer ModelHub ('{applied[^1]}'); run that one, or restore a backup.");
        if (applied.Count > 0 && !applied.Contains(known[0]))
            throw new InvalidOperationException("The database is of a ModelHub from before the first release, which this one cannot migrate.");
        await db.Database.MigrateAsync(cancellation);
    }

    public async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(TimeSpan.FromSeconds(2));
            await using var command = source.CreateCommand("select 1");
            await command.ExecuteScalarAsync(limit.Token);
            return true;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    internal static void Configure(DbContextOptionsBuilder options, NpgsqlDataSource source) =>
        options.UseNpgsql(source, npgsql => npgsql.MigrationsAssembly(typeof(HubDatabase).Assembly.GetName().Name));
}
