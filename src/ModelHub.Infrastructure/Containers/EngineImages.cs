using System.Text.Json;
using ModelHub.Application.Errors;

namespace ModelHub.Infrastructure.Containers;

/// <summary>The images of a container engine, and the names that they bear.</summary>
internal sealed class EngineImages(EngineSocket engine)
{
    public async Task<bool> HasAsync(string reference, CancellationToken cancellation)
    {
        try
        {
            using var answer = await engine.SendAsync(HttpMethod.Get, $"/images/{reference}/json", null, cancellation);
            return true;
        }
        catch (ModelHubException unknown) when (unknown.Kind == ErrorKind.NotFound)
        {
            return false;
        }
    }

    public async Task<(string Id, long Size)> InspectAsync(string reference, CancellationToken cancellation)
    {
        using var answer = await engine.SendAsync(HttpMethod.Get, $"/images/{reference}/json", null, cancellation);
        using var image = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
        return (image.RootElement.GetProperty("Id").GetString()!, image.RootElement.GetProperty("Size").GetInt64());
    }

    /// <summary>Every name, with the image that bears it.</summary>
    public async Task<Dictionary<string, string>> NamesAsync(CancellationToken cancellation)
    {
        using var answer = await engine.SendAsync(HttpMethod.Get, "/images/json", null, cancellation);
        using var images = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var image in images.RootElement.EnumerateArray())
        {
            if (!image.TryGetProperty("RepoTags", out var tags) || tags.ValueKind != JsonValueKind.Array)
                continue;
            foreach (var tag in tags.EnumerateArray().Select(t => t.GetString()!).Where(t => t != "<none>:<none>"))
                names[tag] = image.GetProperty("Id").GetString()!;
        }
        return names;
    }

    public async Task NameAsync(string image, string name, CancellationToken cancellation)
    {
        var colon = name.LastIndexOf(':');
        (await engine.SendAsync(HttpMethod.Post, $"/images/{image}/tag?repo={name[..colon]}&tag={name[(colon + 1)..]}", null, cancellation)).Dispose();
    }

    /// <summary>Takes a name away, and with an image's last name the image; false when it is gone, or the engine holds on to it, since something runs in it.</summary>
    public Task<bool> ForgetAsync(string name, CancellationToken cancellation) => DeleteAsync($"/images/{name}", cancellation);

    /// <summary>Puts names back to the images that had them, and takes away those that nobody had: engines do not tell all that they gave.</summary>
    public async Task GiveBackAsync(Dictionary<string, string> before)
    {
        foreach (var (name, image) in await NamesAsync(CancellationToken.None))
        {
            if (before.GetValueOrDefault(name) is not { } owner)
            {
                // Another hub may work with the same engine meanwhile: its images stay, and it may have taken this name away before.
                if (!ImageNames.IsAnyHubs(name))
                    await DeleteAsync($"/images/{name}?noprune=1", CancellationToken.None);
            }
            else if (owner != image)
            {
                await NameAsync(owner, name, CancellationToken.None);
            }
        }
    }

    private async Task<bool> DeleteAsync(string path, CancellationToken cancellation)
    {
        try
        {
            (await engine.SendAsync(HttpMethod.Delete, path, null, cancellation)).Dispose();
            return true;
        }
        catch (ModelHubException kept) when (kept.Kind is ErrorKind.Invalid or ErrorKind.NotFound)
        {
            return false;
        }
    }
}
