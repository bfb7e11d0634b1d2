namespace ModelHub.Api.Tests;

/// <summary>Another hub, with a database and a folder of its own.</summary>
public sealed class OtherHub : IAsyncDisposable
{
    public RunningHub Hub { get; } = new();

    public async Task<HttpClient> StartAsync()
    {
        await Hub.InitializeAsync();
        return Hub.Client;
    }

    public async ValueTask DisposeAsync() => await Hub.DisposeAsync();
}
