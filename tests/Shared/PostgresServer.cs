using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using ModelHub.Infrastructure;
using ModelHub.Infrastructure.Postgres;
using ModelHub.Infrastructure.Storage;
using Npgsql;

namespace ModelHub.Tests.Shared;

/// <summary>
/// The PostgreSQL of one test assembly: a throw-away private cluster without fsync in a temporary folder, started at first use and deleted
/// when the tests end, or the server that <c>MODELHUB_TEST_POSTGRES</c> names (a connection string of a user that may create databases).
/// Each caller gets a database of its own.
/// </summary>
internal static class PostgresServer
{
    private const string FolderPrefix = "modelhub-test-";
    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static PrivateCluster? cluster; // kept for as long as the process lives
    private static string? folder;
    private static string? server;
    private static string? template;
    private static int count;

    /// <summary>A fresh database with the whole schema: a clone of one that was migrated once (some 50 ms).</summary>
    public static Task<TestDatabase> CreateAsync() => CreateAsync(migrated: true);

    /// <summary>A fresh database with nothing in it.</summary>
    public static Task<TestDatabase> CreateEmptyAsync() => CreateAsync(migrated: false);

    private static async Task<TestDatabase> CreateAsync(bool migrated)
    {
        await Gate.WaitAsync();
        try
        {
            await StartAsync();
            if (migrated && template is null)
            {
                var name = NextName("template");
                await ExecuteAsync($"create database {name}");
                await MigrateAsync(Connect(name));
                template = name;
            }
            var database = NextName("test");
            await ExecuteAsync(migrated ? $"create database {database} template {template}" : $"create database {database}");
            return new TestDatabase(database, Connect(database));
        }
        finally
        {
            Gate.Release();
        }
    }

    internal static Task DropAsync(string database) => ExecuteAsync($"drop database if exists {database} with (force)");

    /// <summary>A new temporary folder, which the caller deletes.</summary>
    public static string NewFolder()
    {
        var created = Path.Combine(Path.GetTempPath(), FolderPrefix + Guid.NewGuid().ToString("N")[..12]);
        Directory.CreateDirectory(created);
        return created;
    }

    private static async Task StartAsync()
    {
        if (server is not null)
            return;
        if (Environment.GetEnvironmentVariable("MODELHUB_TEST_POSTGRES") is { Length: > 0 } named)
        {
            server = named;
        }
        else
        {
            folder = NewFolder();
            cluster = await PrivateCluster.StartOrJoinAsync(
                folder, ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off"], NullLogger.Instance, default);
            server = cluster.ConnectionString;
        }
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Leave();
    }

    /// <summary>The test host has 100 ms to end: somebody else deletes the folder, and the server stops when we are gone.</summary>
    private static void Leave()
    {
        if (folder is not null)
        {
            const string Later = "exec >/dev/null 2>&1 </dev/null; sleep 3; rm -rf -- \"$0\"";
            Process.Start("setsid", ["sh", "-c", Later, folder])?.Dispose();
        }
        else if (template is not null)
        {
            DropAsync(template).GetAwaiter().GetResult();
        }
    }

    private static async Task MigrateAsync(string connectionString)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddModelHubInfrastructure(new InfrastructureOptions
        {
            ConnectionString = connectionString + ";Pooling=false", // a template may have no connection left open
            DataFolder = Path.GetTempPath(),
            RunsJobs = false,
        });
        await using var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<HubDatabase>().MigrateAsync(CancellationToken.None);
    }

    private static async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Connect("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static string NextName(string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"modelhub_{kind}_{Environment.ProcessId}_{++count}");

    private static string Connect(string database) => new NpgsqlConnectionStringBuilder(server) { Database = database }.ConnectionString;
}

/// <summary>One database; dropped when disposed, also when somebody is still connected.</summary>
internal sealed class TestDatabase(string name, string connectionString) : IAsyncDisposable
{
    public string ConnectionString => connectionString;

    public async ValueTask DisposeAsync()
    {
        await using (var connection = new NpgsqlConnection(connectionString))
            NpgsqlConnection.ClearPool(connection);
        await PostgresServer.DropAsync(name);
    }
}

/// <summary>For <c>IClassFixture</c>: a database with the schema that the tests of one class share.</summary>
public sealed class HubDatabaseFixture : IAsyncLifetime
{
    private TestDatabase? _database;

    public string ConnectionString => _database!.ConnectionString;

    public async Task InitializeAsync() => _database = await PostgresServer.CreateAsync();

    public async Task DisposeAsync() => await _database!.DisposeAsync();
}
