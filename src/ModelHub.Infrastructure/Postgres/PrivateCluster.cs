using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>
/// A PostgreSQL of our own below the data folder, reached through a socket that only its user and we can open. The first process on a
/// folder owns it; others join it. It stops with its owner, also when that is killed (a parent-death signal); then one of the others takes
/// over. A server that ends by itself is started again. What a killed cluster left behind is cleaned up.
/// </summary>
public sealed class PrivateCluster : IAsyncDisposable
{
    private const string Database = "modelhub";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TakeOverPause = TimeSpan.FromMilliseconds(500);

    private readonly PostgresBinaries _binaries;
    private readonly ClusterFolder _folder;
    private readonly string[] _settings;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private FileStream? _lock;
    private Postmaster? _server;
    private Task _watch = Task.CompletedTask;

    private PrivateCluster(PostgresBinaries binaries, ClusterFolder folder, string[] settings, ILogger logger)
    {
        (_binaries, _folder, _settings, _logger) = (binaries, folder, settings, logger);
        ConnectionString = Connect(folder.Socket, Database);
    }

    public string ConnectionString { get; }

    /// <summary>Whether this process runs the server. A process that joined may become the owner later.</summary>
    public bool IsOwner => _lock is not null;

    /// <summary>The server's process, while this one owns it.</summary>
    internal int? ServerId => _server?.Id;

    /// <summary>Starts the cluster of a data folder, making it first if there is none, or joins the one that runs.</summary>
    /// <exception cref="PostgresNotFoundException">PostgreSQL is not installed.</exception>
    /// <exception cref="InvalidOperationException">It does not start; the message says what to do.</exception>
    public static Task<PrivateCluster> StartOrJoinAsync(string dataFolder, ILogger logger, CancellationToken cancellation) =>
        StartOrJoinAsync(dataFolder, [], logger, cancellation);

    /// <summary>The same with more lines of configuration, such as <c>fsync=off</c>.</summary>
    internal static async Task<PrivateCluster> StartOrJoinAsync(
        string dataFolder, string[] settings, ILogger logger, CancellationToken cancellation)
    {
        var binaries = PostgresBinaries.Find();
        var folder = ClusterFolder.For(dataFolder, out var notice);
        if (notice is not null)
            logger.LogInformation("{Notice}", notice);
        var cluster = new PrivateCluster(binaries, folder, settings, logger);
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(25, cancellation))
        {
            if (await cluster.TryOwnAsync(cancellation) || await cluster.AnswersAsync(Database, cancellation) is null)
            {
                cluster._watch = Task.Run(cluster.WatchAsync, CancellationToken.None);
                return cluster;
            }
            if (clock.Elapsed > StartLimit)
            {
                throw new InvalidOperationException(
                    $"Another process holds the database of {dataFolder}, but it does not answer; see {folder.Log}.");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync();
        await _watch;
        await LetGoAsync();
    }

    /// <summary>Takes the lock and starts the server; false while another process has the lock.</summary>
    private async Task<bool> TryOwnAsync(CancellationToken cancellation)
    {
        if ((_lock = _folder.TryLock()) is null)
            return false;
        try
        {
            await _folder.InitialiseAsync(_binaries, durable: !_settings.Contains("fsync=off"), cancellation);
            await StartServerAsync(cancellation);
            return true;
        }
        catch
        {
            await LetGoAsync();
            throw;
        }
    }

    private async Task StartServerAsync(CancellationToken cancellation)
    {
        await _folder.RemoveStaleAsync(cancellation);
        _server = await Postmaster.StartAsync(_binaries, _folder, _settings);
        var clock = Stopwatch.StartNew();
        while (await AnswersAsync("postgres", cancellation) is { } failure)
        {
            if (_server.Ended.IsCompleted)
                throw new InvalidOperationException($"PostgreSQL did not start; see {_folder.Log}.", failure);
            if (clock.Elapsed > StartLimit)
                throw new InvalidOperationException($"PostgreSQL does not answer; see {_folder.Log}.", failure);
            await Task.Delay(25, cancellation);
        }
        await EnsureDatabaseAsync(cancellation);
    }

    private async Task LetGoAsync()
    {
        if (_server is not null)
        {
            await _server.StopAsync();
            await _folder.RemoveStaleAsync(CancellationToken.None); // nothing, but when it was killed: its sessions go on
        }
        _server = null;
        if (_lock is not null)
            await _lock.DisposeAsync();
        _lock = null;
    }

    /// <summary>The owner starts a server again that ended by itself; the others wait for the owner's lock, and own then.</summary>
    private async Task WatchAsync()
    {
        var failures = 0;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                if (_server is { Ended.IsCompleted: false })
                {
                    await _server.Ended.WaitAsync(_stopping.Token);
                    _logger.LogWarning("PostgreSQL ended by itself and is started again; see {Log}", _folder.Log);
                    await StartServerAsync(_stopping.Token);
                }
                else if (await TryOwnAsync(_stopping.Token))
                {
                    _logger.LogWarning("The owner of the database is gone; this process has started it again");
                }
                else
                {
                    await Task.Delay(TakeOverPause, _stopping.Token);
                }
                failures = 0;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // A full disk, say: the hub answers 503 meanwhile, and it comes back by itself when the cause is gone.
                _logger.LogError(failure, "PostgreSQL could not be started");
                await LetGoAsync();
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(30, 1 << Math.Min(failures++, 5))), _stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Null when the database answers, else why not.</summary>
    private async Task<Exception?> AnswersAsync(string database, CancellationToken cancellation)
    {
        try
        {
            await using var connection = new NpgsqlConnection(Connect(_folder.Socket, database) + ";Pooling=false;Timeout=5");
            await connection.OpenAsync(cancellation);
            return null;
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or System.Net.Sockets.SocketException or TimeoutException)
        {
            return failure;
        }
    }

    private async Task EnsureDatabaseAsync(CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(Connect(_folder.Socket, "postgres") + ";Pooling=false");
        await connection.OpenAsync(cancellation);
        await using var exists = new NpgsqlCommand($"select 1 from pg_database where datname = '{Database}'", connection);
        if (await exists.ExecuteScalarAsync(cancellation) is not null)
            return;
        await using var create = new NpgsqlCommand($"create database {Database}", connection);
        await create.ExecuteNonQueryAsync(cancellation);
    }

    private static string Connect(string socket, string database) => $"Host={socket};Username=modelhub;Database={database}";
}
