using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Api.Hosting;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Infrastructure.Containers;
using ModelHub.Infrastructure.Storage;
using ModelHub.Tests.Shared;

namespace ModelHub.Api.Tests;

/// <summary>The real program on a real port over a fresh database.</summary>
public sealed class RunningHub : IAsyncLifetime
{
    /// <summary>A request with this header is refused as the <see cref="ErrorKind"/> it names, and with any other word fails as nobody foresaw.</summary>
    public const string Failing = "X-Fail-As";
    public const string Key = "an-administrators-key-for-tests";
    private TestDatabase? _database;
    private WebApplication? _app;

    /// <summary>Where the artifacts lie.</summary>
    public string Folder { get; } = PostgresServer.NewFolder();

    /// <summary>What a project may store, in bytes; 0 for no bound.</summary>
    public long ProjectBytes { get; init; }

    /// <summary>Largest body in bytes.</summary>
    public long LargestBody { get; init; } = 2L << 30;

    /// <summary>What running models are given.</summary>
    public CustomModelSettings CustomModels { get; init; } = new();

    /// <summary>An empty database of the caller's; null for a new one.</summary>
    public string? ConnectionString { get; init; }

    public HttpClient Client { get; private set; } = new();

    public IServiceProvider Services => _app!.Services;

    public async Task InitializeAsync()
    {
        _database = ConnectionString is null ? await PostgresServer.CreateAsync() : null;
        _app = HubHost.Build(new HubSettings { Urls = "http://127.0.0.1:0", DataFolder = Folder, ConnectionString = ConnectionString ?? _database!.ConnectionString, ProjectBytes = ProjectBytes, LargestBody = LargestBody, CustomModels = CustomModels });
        if (ConnectionString is not null)
            await _app.Services.GetRequiredService<HubDatabase>().MigrateAsync(CancellationToken.None);
        _app.Use((context, next) => context.Request.Headers[Failing].ToString() is { Length: > 0 } how ? throw Failure(how) : next(context));
        await using (var scope = _app.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<IdentityService>().EnsureAdministratorAsync(Key, CancellationToken.None);
        await _app.StartAsync();
        Client = ClientOf(Key);
    }

    private static Exception Failure(string name) => Enum.TryParse<ErrorKind>(name, out var kind)
        ? new ModelHubException(kind, "test", $"refused as {kind}") : new InvalidOperationException(name + " at /home/somebody");

    public HttpClient ClientOf(string? key)
    {
        var client = new HttpClient { BaseAddress = new Uri(_app!.Urls.First()) };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>A user of their own with a key.</summary>
    public async Task<HttpClient> NewUserAsync()
    {
        var name = "user-" + Guid.NewGuid().ToString("N");
        (await Client.PostAsJsonAsync("/api/users", new { username = name, email = name + "@example.test" })).EnsureSuccessStatusCode();
        var made = await (await Client.PostAsJsonAsync("/api/api-keys", new { username = name, name = "test" })).Content.ReadFromJsonAsync<JsonElement>();
        return ClientOf(made.GetProperty("key").GetString());
    }

    public async Task DisposeAsync()
    {
        await _app!.StopAsync();
        if (Services.GetRequiredService<ImageNames>().HasAny)
        {
            // What was built leaves the engine, which is nobody's own.
            var engine = Services.GetRequiredService<ContainerEngine>();
            foreach (var name in (await engine.OwnAsync(CancellationToken.None)).Keys)
                await engine.ForgetAsync(name, CancellationToken.None);
        }
        await _app.DisposeAsync();
        if (_database is not null)
            await _database.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

[CollectionDefinition("hub")]
public sealed class HubCollection : ICollectionFixture<RunningHub>;

/// <summary>Models that were not trained here: beside the tests of the rest, with a hub of their own.</summary>
[CollectionDefinition("others models")]
public sealed class OthersModelsCollection : ICollectionFixture<RunningHub>;

/// <summary>Tests that measure the process: no other runs beside them.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection : ICollectionFixture<RunningHub>;
