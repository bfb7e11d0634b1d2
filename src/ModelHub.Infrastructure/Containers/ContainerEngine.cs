using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;

namespace ModelHub.Infrastructure.Containers;

/// <summary>
/// Images, by the engine's API. Every image of the hub has a name of the hub's; what a loaded image calls itself is taken away again, so that
/// nobody's upload is another's base image.
/// </summary>
internal sealed partial class ContainerEngine(EngineSocket engine, ImageNames names) : IContainerEngine
{
    private const long BuildMemory = 4L << 30;

    /// <summary>One at a time: while an image is loaded, it bears the names that it came with, and afterwards new names are taken for its.</summary>
    private readonly SemaphoreSlim _gate = new(1);
    private readonly EngineImages _images = new(engine);

    /// <summary>Bytes of disk that one image may take.</summary>
    internal long MostBytes { get; init; } = 16L << 30;

    /// <summary>How long one image may be made, once its turn has come.</summary>
    internal TimeSpan Longest { get; init; } = TimeSpan.FromMinutes(30);

    private DiskGuard Guard => new(engine, MostBytes);

    public Task RequireAsync(CancellationToken cancellation) => engine.RequireAsync(cancellation);

    public Task<bool> HasAsync(string reference, CancellationToken cancellation) => _images.HasAsync(reference, cancellation);

    public Task<string> BuildAsync(Stream context, Action<string> log, CancellationToken cancellation) => AloneAsync(
        async limited =>
        {
            await engine.RequireAsync(limited);
            // Podman 4 takes "none" for its default, a network; what it means by 1 is none.
            var (tag, network) = (names.New(), engine.IsPodman ? "1" : "none");
            using var content = Tar(context);
            // Without layers of its own for every line: a build that fails leaves none behind.
            var path = $"/build?t={tag}&networkmode={network}&rm=1&forcerm=1&layers=0&memory={BuildMemory}&memswap={BuildMemory}";
            try
            {
                await Guard.RunAsync(stop => TalkAsync(path, content, log, stop), limited);
            }
            catch
            {
                await engine.EndBuildAsync();
                throw;
            }
            return await BoundedAsync(tag, limited);
        },
        cancellation);

    public Task<string> LoadAsync(Stream image, Action<string> log, CancellationToken cancellation) => AloneAsync(
        async limited =>
        {
            var before = await _images.NamesAsync(limited);
            limited.ThrowIfCancellationRequested();
            try
            {
                // From here to the end: the engine goes on with what it was sent, whoever gives up waiting, and names are its last step.
                return await LoadedAsync(image, log, CancellationToken.None);
            }
            finally
            {
                await _images.GiveBackAsync(before);
            }
        },
        cancellation);

    public Task<string> PullAsync(string reference, Action<string> log, CancellationToken cancellation) => AloneAsync(
        async limited =>
        {
            var before = await _images.NamesAsync(limited);
            try
            {
                await Guard.RunAsync(stop => TalkAsync($"/images/create?fromImage={Uri.EscapeDataString(reference)}", null, log, stop), limited);
                return await TakeAsync(reference, limited);
            }
            finally
            {
                await _images.GiveBackAsync(before);
            }
        },
        cancellation);

    public async Task SaveAsync(string image, Stream target, CancellationToken cancellation)
    {
        using var answer = await engine.SendAsync(HttpMethod.Get, $"/images/{image}/get", null, cancellation);
        await answer.Content.CopyToAsync(target, cancellation);
    }

    /// <summary>The hub's own names of images, each with the image that bears it.</summary>
    public async Task<Dictionary<string, string>> OwnAsync(CancellationToken cancellation) =>
        (await _images.NamesAsync(cancellation)).Where(i => names.IsOwn(i.Key)).ToDictionary(StringComparer.Ordinal);

    /// <inheritdoc cref="EngineImages.ForgetAsync"/>
    public Task<bool> ForgetAsync(string name, CancellationToken cancellation) => _images.ForgetAsync(name, cancellation);

    /// <summary>Gives an image a name of the hub's, by which it stays and goes.</summary>
    private async Task<string> TakeAsync(string reference, CancellationToken cancellation)
    {
        var own = names.New();
        await _images.NameAsync((await _images.InspectAsync(reference, cancellation)).Id, own, cancellation);
        return await BoundedAsync(own, cancellation);
    }

    /// <summary>The id of an image that was just named, unless it is too large.</summary>
    private async Task<string> BoundedAsync(string name, CancellationToken cancellation)
    {
        var (id, size) = await _images.InspectAsync(name, cancellation);
        try
        {
            Guard.Require(size);
        }
        catch (ModelHubException)
        {
            await _images.ForgetAsync(name, CancellationToken.None);
            throw;
        }
        return id;
    }

    private static StreamContent Tar(Stream bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-tar") } };

    private async Task<string> AloneAsync(Func<CancellationToken, Task<string>> work, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Longest);
        try
        {
            return await work(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ModelHubException(ErrorKind.Invalid, "build_failed", $"The build took longer than {Longest.TotalMinutes:0.#} minutes.");
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Sends something and follows what the engine says about it, line by line, to the end.</summary>
    private async Task TalkAsync(string path, HttpContent? content, Action<string> log, CancellationToken cancellation)
    {
        try
        {
            using var answer = await engine.SendAsync(HttpMethod.Post, path, content, cancellation);
            await using var lines = await answer.Content.ReadAsStreamAsync(cancellation);
            await foreach (var line in JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(lines, topLevelValues: true, JsonSerializerOptions.Web, cancellation))
            {
                if (line.TryGetProperty("error", out var error))
                    throw Failed(error.ToString());
                var text = line.TryGetProperty("stream", out var said) || line.TryGetProperty("status", out said) ? said.ToString() : "";
                foreach (var one in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                    log(one.TrimEnd('\r'));
            }
        }
        catch (Exception broken) when (broken is JsonException or IOException)
        {
            throw new ModelHubException(ErrorKind.Unavailable, "container_engine_gone", "The container engine broke off.", inner: broken);
        }
        catch (ModelHubException refused) when (refused.Kind is ErrorKind.NotFound or ErrorKind.Invalid && refused.Code != "build_failed")
        {
            throw Failed(refused.Message);
        }
    }

    private async Task<string> LoadedAsync(Stream image, Action<string> log, CancellationToken cancellation)
    {
        var name = "";
        using var content = Tar(image);
        await TalkAsync(
            "/images/load", content,
            line =>
            {
                name = Loaded().Match(line) is { Success: true } loaded ? loaded.Groups[1].Value : name;
                log(line);
            },
            cancellation);
        if (name.Length == 0)
            throw new ModelHubException(ErrorKind.Invalid, "build_failed", "The container engine did not say which image it loaded.");
        return await TakeAsync(name, cancellation);
    }

    private static ModelHubException Failed(string why) => new(ErrorKind.Invalid, "build_failed", $"The container engine refused: {why.Trim()}");

    [GeneratedRegex("^Loaded image(?: ID)?(?:\\(s\\))?: *([^\\s,]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Loaded();
}
