using System.Text.Json;

namespace ModelHub.Infrastructure.Containers;

/// <summary>Whether an engine can hold programs within bounds: where it has no control groups of its own it ignores what it is asked for.</summary>
internal static class EngineBounds
{
    private const string Unknown = "does not say what it can do";

    /// <summary>Why an engine that answers is not used; null when it is.</summary>
    public static async Task<string?> RefusalAsync(HttpClient engine, CancellationToken cancellation)
    {
        try
        {
            using var answer = await engine.GetAsync(new Uri("/info", UriKind.Relative), cancellation);
            if (!answer.IsSuccessStatusCode)
                return Unknown;
            using var info = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellation), cancellationToken: cancellation);
            bool Says(string name, string value) => info.RootElement.TryGetProperty(name, out var said) && said.ToString() == value;
            return Says("MemoryLimit", "False") || Says("Rootless", "True") && Says("CgroupVersion", "1")
                ? "cannot bound memory and processes (it has no control groups of its own: run it as root, or with cgroups v2)" : null;
        }
        catch (Exception broken) when (broken is HttpRequestException or JsonException)
        {
            return Unknown;
        }
    }
}
