using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using ModelHub.Infrastructure.Postgres;
using ModelHub.Infrastructure.Sandboxes;
using ModelHub.Tests.Shared;
using Npgsql;

namespace ModelHub.Application.Tests.Postgres;

/// <summary>Real clusters in temporary folders; mostly without fsync: processes are killed here, not the machine.</summary>
public sealed class PrivateClusterTests : IDisposable
{
    private readonly string _folder = PostgresServer.NewFolder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_new_folder_gets_a_database_that_is_there_again_after_a_stop()
    {
        await using (var cluster = await PrivateCluster.StartOrJoinAsync(_folder, NullLogger.Instance, default))
        {
            Assert.True(cluster.IsOwner);
            await ExecuteAsync(cluster, "create table kept (x int); insert into kept values (41)");
            Assert.Equal("on", await AskAsync(cluster, "show fsync"));
            Assert.Equal("on", await AskAsync(cluster, "show synchronous_commit"));
            Assert.Equal("200", await AskAsync(cluster, "show max_connections"));
            Assert.Equal("", await AskAsync(cluster, "show listen_addresses"));
        }
        Assert.False(File.Exists(Path.Combine(_folder, "pg", "postmaster.pid")));
        var log = await File.ReadAllTextAsync(Path.Combine(_folder, "log", "postgres.log"));
        Assert.Contains("ready to accept connections", log, StringComparison.Ordinal);
        await using var again = await StartAsync();
        Assert.Equal("41", await AskAsync(again, "select x::text from kept"));
    }

    [Fact]
    public async Task A_second_one_joins_and_takes_over_when_the_owner_goes()
    {
        var owner = await StartAsync();
        await using var second = await StartAsync();
        Assert.True(owner.IsOwner);
        Assert.False(second.IsOwner);
        await ExecuteAsync(second, "create table kept (x int)");
        await ExecuteAsync(owner, "insert into kept values (7)");
        await owner.DisposeAsync();
        await UntilAsync(() => Task.FromResult(second.IsOwner));
        await UntilAsync(async () => await AnswersAsync(second));
        Assert.Equal("7", await AskAsync(second, "select x::text from kept"));
    }

    [Fact]
    public async Task Two_that_start_at_once_on_a_new_folder_share_one_server()
    {
        var both = await Task.WhenAll(Task.Run(StartAsync), Task.Run(StartAsync));
        await using var first = both[0];
        await using var second = both[1];
        Assert.NotEqual(first.IsOwner, second.IsOwner);
        await ExecuteAsync(first, "create table one (x int)");
        Assert.Equal("0", await AskAsync(second, "select count(*)::text from one"));
    }

    [Fact]
    public async Task A_server_that_is_killed_is_started_again_with_everything_committed()
    {
        await using var cluster = await StartAsync();
        await ExecuteAsync(cluster, "create table kept (x int); insert into kept values (1)");
        var busy = KeepBusyAsync(cluster);
        await UntilAsync(async () => await AskAsync(cluster, "select count(*)::text from pg_stat_activity where query like 'do %'") == "1");
        var killed = cluster.ServerId!.Value;
        ProcessSignal.Send(killed, ProcessSignal.Kill);
        await UntilAsync(async () => cluster.ServerId is { } id && id != killed && await AnswersAsync(cluster));
        Assert.Equal("1", await AskAsync(cluster, "select x::text from kept"));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => busy);
    }

    /// <summary>R4: every statement that is refused is written down by the server.</summary>
    [Fact]
    public async Task A_flood_of_refused_statements_fills_no_disk()
    {
        await using (var cluster = await StartAsync())
        {
            var longOne = $"select '{new string('x', 1 << 20)}' from nowhere";
            for (var i = 0; i < 50; i++)
                await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(cluster, longOne));
        }
        var logs = new DirectoryInfo(Path.Combine(_folder, "log")).GetFiles();
        Assert.Equal(["postgres.log", "postgres.log.1"], logs.Select(f => f.Name).Order());
        Assert.InRange(logs.Sum(f => f.Length), 16L << 20, 36L << 20);
    }

    [Fact]
    public async Task What_a_killed_machine_leaves_behind_does_not_stop_the_next_start()
    {
        await using (var cluster = await StartAsync())
            await ExecuteAsync(cluster, "create table kept (x int); insert into kept values (5)");
        // The files of a server whose number another process has by now: ours.
        var socket = Path.Combine(_folder, "run", ".s.PGSQL.5432");
        await File.WriteAllTextAsync(Path.Combine(_folder, "pg", "postmaster.pid"), $"{Environment.ProcessId}\n{_folder}/pg\n");
        await File.WriteAllTextAsync(socket, "");
        await File.WriteAllTextAsync(socket + ".lock", $"{Environment.ProcessId}\n");
        await using var again = await StartAsync();
        Assert.Equal("5", await AskAsync(again, "select x::text from kept"));
    }

    [Fact]
    public async Task A_server_without_its_owner_is_replaced()
    {
        await using (var cluster = await StartAsync())
            await ExecuteAsync(cluster, "create table kept (x int); insert into kept values (6)");
        // An orphan: a server of this folder that no lock holder started.
        var orphan = PostgresBinaries.Find().ServerCommand(
            "-D", Path.Combine(_folder, "pg"), "-k", Path.Combine(_folder, "run"), "-c", "listen_addresses=");
        using var process = Process.Start(orphan)!;
        var pidFile = Path.Combine(_folder, "pg", "postmaster.pid");
        await UntilAsync(async () =>
            File.Exists(pidFile) && (await File.ReadAllTextAsync(pidFile)).Contains("ready", StringComparison.Ordinal));
        await using var again = await StartAsync();
        await process.WaitForExitAsync();
        Assert.NotEqual(process.Id, again.ServerId);
        Assert.Equal("6", await AskAsync(again, "select x::text from kept"));
    }

    [Fact]
    public async Task An_initdb_that_was_interrupted_is_done_again()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "pg", "base"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "pg", "PG_VERSION"), "15\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "pg.new"), "");
        await using var cluster = await StartAsync();
        Assert.Equal("1", await AskAsync(cluster, "select 1::text"));
    }

    [Fact]
    public async Task A_folder_with_a_long_path_gets_a_short_socket()
    {
        var deep = Path.Combine(_folder, new string('d', 120));
        await using var cluster = await PrivateCluster.StartOrJoinAsync(deep, ["fsync=off"], NullLogger.Instance, default);
        Assert.Equal("1", await AskAsync(cluster, "select 1::text"));
        var socket = new NpgsqlConnectionStringBuilder(cluster.ConnectionString).Host!;
        Assert.DoesNotContain("ddd", socket, StringComparison.Ordinal);
        await cluster.DisposeAsync();
        Directory.Delete(socket, recursive: true);
    }

    [Fact]
    public async Task A_folder_that_postgres_cannot_reach_names_where_its_database_is()
    {
        if (!PostgresBinaries.AsRoot || OperatingSystem.IsWindows())
            return; // only root changes its user, so only root can meet this
        Directory.CreateDirectory(_folder, UnixFileMode.UserRead);
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var data = Path.Combine(_folder, "data");
        await using (var cluster = await PrivateCluster.StartOrJoinAsync(data, ["fsync=off"], NullLogger.Instance, default))
            await ExecuteAsync(cluster, "create table kept (x int); insert into kept values (3)");
        var home = (await File.ReadAllTextAsync(Path.Combine(data, "pg-location"))).Trim();
        try
        {
            Assert.True(File.Exists(Path.Combine(home, "pg", "PG_VERSION")));
            await using var again = await PrivateCluster.StartOrJoinAsync(data, ["fsync=off"], NullLogger.Instance, default);
            Assert.Equal("3", await AskAsync(again, "select x::text from kept"));
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [Fact]
    public void Without_PostgreSQL_the_error_names_what_to_install()
    {
        var missing = Assert.Throws<PostgresNotFoundException>(() => PostgresBinaries.Find(null, "/nonexistent", "/nonexistent/bin"));
        Assert.Contains("apt-get install postgresql", missing.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings__ModelHub", missing.Message, StringComparison.Ordinal);
    }

    private Task<PrivateCluster> StartAsync() =>
        PrivateCluster.StartOrJoinAsync(_folder, ["fsync=off"], NullLogger.Instance, default);

    /// <summary>A session that does not notice when its server is killed.</summary>
    private static Task KeepBusyAsync(PrivateCluster cluster) => ExecuteAsync(cluster, "do $$ begin loop end loop; end $$");

    private static async Task<string> AskAsync(PrivateCluster cluster, string sql)
    {
        await using var connection = new NpgsqlConnection(cluster.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(PrivateCluster cluster, string sql)
    {
        await using var connection = new NpgsqlConnection(cluster.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<bool> AnswersAsync(PrivateCluster cluster)
    {
        try
        {
            return await AskAsync(cluster, "select 'yes'") == "yes";
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60)); // a bound for a hang, not a measurement
        while (!await holds())
            await Task.Delay(50, limit.Token);
    }
}
