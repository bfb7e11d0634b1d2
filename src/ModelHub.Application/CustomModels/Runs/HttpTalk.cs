using System.Collections.Concurrent;
using System.Text;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Talks with a model's own server (start_server.sh) by HTTP, over connections that the runner in its sandbox opens (see host.py).</summary>
internal sealed class HttpTalk(ISandboxedProcess process, ISandboxLink link) : IModelTalk
{
    private const int MostConnections = 16;
    private const int BadGateway = 502;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.5);
    private readonly ConcurrentStack<ServerConnection> _kept = new();
    private readonly SemaphoreSlim _room = new(MostConnections);

    public async Task ReadyAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if (await SendAsync("GET", "/", default, cancellation) is (200, _))
                    return;
            }
            catch (Exception early) when (early is IOException or InvalidDataException)
            {
                // It does not listen yet.
            }
            await Task.Delay(Pause, cancellation);
        }
    }

    public async Task<(int Status, byte[] Body)> AskAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        try
        {
            return await SendAsync("POST", "/predict_no_state/", body, cancellation);
        }
        catch (InvalidDataException wrong)
        {
            return (BadGateway, Encoding.UTF8.GetBytes($"the model's answer cannot be read: {wrong.Message}"));
        }
        catch (IOException)
        {
            // When its process ends, the exit code tells more than the connection does.
            await Task.WhenAny(process.Exited, Task.Delay(Grace, cancellation));
            if (process.Exited.IsCompleted)
                throw;
            return (BadGateway, "the model closed the connection"u8.ToArray());
        }
    }

    public void Dispose()
    {
        foreach (var connection in _kept)
            connection.Dispose();
        link.Dispose();
    }

    private async Task<(int Status, byte[] Body)> SendAsync(string method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        try
        {
            while (_kept.TryPop(out var kept))
            {
                try
                {
                    return await SendAsync(kept, method, path, body, cancellation);
                }
                catch (IOException) when (!kept.HasAnswered)
                {
                    // It closed a connection that was not in use.
                }
            }
            return await SendAsync(new ServerConnection(await link.ConnectAsync(cancellation)), method, path, body, cancellation);
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task<(int Status, byte[] Body)> SendAsync(
        ServerConnection connection, string method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        try
        {
            return await connection.AskAsync(method, path, body, cancellation);
        }
        finally
        {
            if (connection.Stays)
                _kept.Push(connection);
            else
                connection.Dispose();
        }
    }
}
