using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Application.Sandboxes;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Infrastructure.Containers;

/// <summary>
/// The API of a container engine (Docker's, which Podman speaks as well) at its socket. Where no socket answers and Podman is installed, it is
/// started as a service that ends with this process.
/// </summary>
internal sealed class EngineSocket(ProcessLauncher launcher, ContainerOptions options) : IDisposable
{
    private const int MostLooks = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _gate = new(1);
    private volatile HttpClient? _client;
    private Process? _service;
    private string? _folder;

    /// <summary>Whether it is Podman, which takes some words of Docker's API for others; known once it answers.</summary>
    public bool IsPodman => Libpod is not null;

    /// <summary>The version of Podman's own API; null of another engine.</summary>
    public string? Libpod { get; private set; }

    /// <summary>Connects, if that was not done before.</summary>
    /// <exception cref="ModelHubException"><see cref="ErrorKind.Unavailable"/>: none answers; the message says what was tried and what to install.</exception>
    public async Task<HttpClient> RequireAsync(CancellationToken cancellation)
    {
        if (_client is { } known)
            return known;
        await _gate.WaitAsync(cancellation);
        try
        {
            // Only a success is remembered: an engine may be installed or started while the hub runs.
            if (_client is not null)
                return _client;
            var refusals = new List<string>();
            foreach (var socket in options.Sockets)
            {
                var client = ClientOf(socket);
                var answers = await AnswersAsync(client, cancellation);
                var refusal = answers ? await EngineBounds.RefusalAsync(client, cancellation) : File.Exists(socket) ? "does not answer" : null;
                if (answers && refusal is null)
                    return _client = client;
                client.Dispose();
                if (refusal is not null)
                    refusals.Add($"{socket} {refusal}");
            }
            if (options.Podman is not null)
                return _client = await StartAsync(options.Podman, refusals, cancellation);
            throw Missing(refusals);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The engine's answer, once it has begun.</summary>
    /// <exception cref="ModelHubException">The engine refuses (<see cref="ErrorKind.Invalid"/>), does not know what is asked for (NotFound), or is gone.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellation, bool upgrades = false)
    {
        var client = await RequireAsync(cancellation);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (upgrades)
        {
            request.Headers.Connection.Add("Upgrade");
            request.Headers.Upgrade.ParseAdd("tcp");
        }
        try
        {
            var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if ((int)answer.StatusCode is 101 or (>= 200 and < 400))
                return answer;
            using (answer)
            {
                var said = MessageOf(await answer.Content.ReadAsStringAsync(cancellation));
                throw new ModelHubException((int)answer.StatusCode == 404 ? ErrorKind.NotFound : ErrorKind.Invalid, "container_engine_refused", said);
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            // Only this request's connection may have broken. If the engine was stopped, or our own service died, the next call looks for one
            // again; whoever found one meanwhile keeps it.
            if (!await AnswersAsync(client, CancellationToken.None))
                Interlocked.CompareExchange(ref _client, null, client);
            throw new ModelHubException(ErrorKind.Unavailable, "container_engine_gone", "The container engine does not answer any more; try again.", inner: broken);
        }
    }

    /// <summary>
    /// Ends what is left of a build that nobody waits for any more: Podman 4 looks only after the line that runs whether anybody does, and a line
    /// may never end. Whose processes they are is known of the service that was started here.
    /// </summary>
    public async Task EndBuildAsync()
    {
        for (var (looks, quiet) = (0, 0); looks < MostLooks && quiet < 5 && _service is { HasExited: false } service; looks++)
        {
            quiet = ProcessTree.KillUnder(service.Id, "buildah-oci-runtime") ? 0 : quiet + 1;
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    public void Dispose()
    {
        _client?.Dispose();
        Stop();
        _gate.Dispose();
    }

    private static HttpClient ClientOf(string socket) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        },
    })
    {
        BaseAddress = new Uri("http://engine"), Timeout = Timeout.InfiniteTimeSpan,
    };

    private async Task<bool> AnswersAsync(HttpClient client, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            using var answer = await client.GetAsync(new Uri("/_ping", UriKind.Relative), limit.Token);
            Libpod = answer.Headers.TryGetValues("Libpod-Api-Version", out var versions) ? versions.First() : null;
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<HttpClient> StartAsync(string podman, List<string> refusals, CancellationToken cancellation)
    {
        Stop();
        _folder = Directory.CreateTempSubdirectory("mh-").FullName;
        var socket = Path.Combine(_folder, "podman.sock");
        var log = new BoundedLog();
        try
        {
            _service = await launcher.StartAsync(
                "setpriv", ["--pdeathsig", "KILL", "--", podman, "system", "service", "--time", "0", "unix://" + socket], options.Environment);
        }
        catch (Win32Exception)
        {
            refusals.Add("setpriv is not installed");
            throw Missing(refusals);
        }
        _service.StandardInput.Close();
        var said = Task.WhenAll(log.ReadAsync(_service.StandardOutput), log.ReadAsync(_service.StandardError));
        var client = ClientOf(socket);
        string? unusable = null;
        for (var waited = TimeSpan.Zero; waited < Patience && !_service.HasExited; waited += TimeSpan.FromMilliseconds(50))
        {
            if (File.Exists(socket) && await AnswersAsync(client, cancellation))
            {
                if ((unusable = await EngineBounds.RefusalAsync(client, cancellation)) is null)
                    return client;
                break;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }
        client.Dispose();
        Stop();
        await Task.WhenAny(said, Task.Delay(TimeSpan.FromSeconds(1), cancellation));
        refusals.Add(unusable is not null ? $"{podman} {unusable}" : log.Tail(1) is { Length: > 0 } reason ? $"{podman}: {reason}" : $"{podman} does not answer");
        throw Missing(refusals);
    }

    private void Stop()
    {
        if (_service is { HasExited: false })
            _service.Kill();
        _service?.Dispose();
        _service = null;
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
        _folder = null;
    }

    private static ModelHubException Missing(IReadOnlyCollection<string> refusals) => new(
        ErrorKind.Unavailable, "container_engine_missing",
        "Images are built and run by a container engine, and none answers here" + (refusals.Count > 0 ? $" ({string.Join("; ", refusals)})" : "")
        + ". Install Podman (apt-get install podman) or start Docker; the built-in Python environment works without.");

    private static string MessageOf(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty("message", out var message) ? message.ToString() : body;
        }
        catch (JsonException)
        {
            return body;
        }
    }
}
