using System.Data.Common;
using System.Globalization;
using ModelHub.Application.Identity;
using ModelHub.Infrastructure.Natives;
using ModelHub.Infrastructure.Natives.Parquet;
using ModelHub.Infrastructure.Postgres;
using ModelHub.Infrastructure.Storage;

namespace ModelHub.Api.Hosting;

/// <summary>The program's verbs: up (the default), migrate, keys, natives, help.</summary>
internal static class CommandLine
{
    private const string Usage = """
        usage: modelhub [up|migrate|keys|natives|help] [options]

          up        start PostgreSQL when no connection string is given, migrate, and serve
          migrate   bring the database up to date and stop
          keys      make one more key for the first administrator and print it
          natives   fetch ONNX Runtime and DuckDB with npm, for ONNX models and Parquet files
          help      show this

          --port N              port on 127.0.0.1 to serve on (default 5080; ASPNETCORE_URLS names other addresses)
          --data DIR            folder for everything that is kept (default ./data)
          --role api|worker|all what this process does (default all)

          ConnectionStrings__ModelHub   another PostgreSQL than the private one
          MODELHUB_ADMIN_KEY            the first administrator's key, instead of a random one
          MODELHUB_LOG=json             log lines as JSON
          MODELHUB_PROJECT_BYTES        what a project may store, in bytes (default 0: no bound)
          MODELHUB_REQUESTS_PER_MINUTE  what one key may ask for, scoring aside (default 6000, 0: no bound)
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is [OnnxRuntime.ProbeVerb, var library, var file])
            return OnnxRuntime.Probe(library, file);
        if (args is [ParquetChild.Verb, var duck, var rows, var threads, var memory])
            return ParquetChild.Run(duck, rows, int.Parse(threads, CultureInfo.InvariantCulture), long.Parse(memory, CultureInfo.InvariantCulture));
        HubSettings settings;
        try
        {
            settings = HubSettings.Parse(args, Environment.GetEnvironmentVariable);
        }
        catch (ArgumentException wrong)
        {
            await Console.Error.WriteLineAsync($"{wrong.Message}\n\n{Usage}");
            return 2;
        }
        try
        {
            switch (settings.Verb)
            {
                case "up":
                    await UpAsync(settings);
                    return 0;
                case "migrate":
                    await using (var hub = await StartAsync(settings))
                        Console.WriteLine("The database is up to date.");
                    return 0;
                case "keys":
                    await using (var hub = await StartAsync(settings))
                        Console.WriteLine(await hub.NewAdministratorKeyAsync());
                    return 0;
                case "natives":
                    await NativeLibraries.Of(settings.DataFolder).FetchAsync(Console.WriteLine, CancellationToken.None);
                    return 0;
                default:
                    Console.WriteLine(Usage);
                    return 0;
            }
        }
        catch (Exception refusal) when (refusal is InvalidOperationException or IOException or TimeoutException
            or UnauthorizedAccessException or ArgumentException or DbException)
        {
            await Console.Error.WriteLineAsync($"modelhub: {refusal.GetBaseException().Message}"); // the innermost names what to mend
            return 1;
        }
    }

    private static async Task UpAsync(HubSettings settings)
    {
        await using var hub = await StartAsync(settings);
        var firstKey = await hub.EnsureAdministratorAsync(settings.AdminKey);
        try
        {
            await hub.App.StartAsync();
        }
        catch
        {
            // Its port is taken, say: what did start is stopped in order, and the one line that is printed is the reason.
            await hub.App.StopAsync();
            throw;
        }
        await Welcome.PrintAsync(hub.App, settings, firstKey);
        _ = Task.Run(() => FetchNativesAsync(hub.App));
        await hub.App.WaitForShutdownAsync();
    }

    /// <summary>Beside the start, which never waits for it: without network, what needs them says so when it is used.</summary>
    private static async Task FetchNativesAsync(WebApplication app)
    {
        try
        {
            await app.Services.GetRequiredService<NativeLibraries>().FetchAsync(_ => { }, app.Lifetime.ApplicationStopping);
        }
        catch (Exception failed) when (failed is InvalidOperationException or IOException or OperationCanceledException or UnauthorizedAccessException)
        {
            app.Logger.LogInformation("ONNX models and Parquet files have to wait: {Reason}", failed.Message);
        }
    }

    private static async Task<Hub> StartAsync(HubSettings settings)
    {
        Directory.CreateDirectory(settings.DataFolder);
        settings = settings.WithFile();
        PrivateCluster? cluster = null;
        var logs = LoggerFactory.Create(l => _ = settings.JsonLog ? l.AddJsonConsole() : l.AddSimpleConsole(o => o.SingleLine = true));
        var connectionString = settings.ConnectionString;
        if (connectionString is null)
        {
            cluster = await PrivateCluster.StartOrJoinAsync(
                settings.DataFolder, logs.CreateLogger("PostgreSQL"), CancellationToken.None);
            connectionString = cluster.ConnectionString;
        }
        try
        {
            var app = HubHost.Build(settings with { ConnectionString = connectionString });
            await app.Services.GetRequiredService<HubDatabase>().MigrateAsync(CancellationToken.None);
            return new Hub(app, cluster, logs);
        }
        catch
        {
            if (cluster is not null)
                await cluster.DisposeAsync();
            logs.Dispose();
            throw;
        }
    }

    /// <summary>The built application and the database below it, which is stopped after it.</summary>
    private sealed record Hub(WebApplication App, PrivateCluster? Cluster, ILoggerFactory Logs) : IAsyncDisposable
    {
        public async Task<string?> EnsureAdministratorAsync(string? key)
        {
            await using var scope = App.Services.CreateAsyncScope();
            return await scope.ServiceProvider.GetRequiredService<IdentityService>().EnsureAdministratorAsync(key, CancellationToken.None);
        }

        public async Task<string> NewAdministratorKeyAsync()
        {
            await using var scope = App.Services.CreateAsyncScope();
            var identity = scope.ServiceProvider.GetRequiredService<IdentityService>();
            return (await identity.EnsureAdministratorAsync(ApiKey.NewSecret(), CancellationToken.None))!;
        }

        public async ValueTask DisposeAsync()
        {
            await App.DisposeAsync();
            if (Cluster is not null)
                await Cluster.DisposeAsync();
            Logs.Dispose();
        }
    }
}
