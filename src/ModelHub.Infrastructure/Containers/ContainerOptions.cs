namespace ModelHub.Infrastructure.Containers;

/// <summary>Where container engines are looked for.</summary>
internal sealed record ContainerOptions
{
    private static readonly string[] Passed = ["HOME", "XDG_RUNTIME_DIR", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF"];

    /// <summary>Sockets of engines' APIs; the first that answers is taken.</summary>
    public IReadOnlyList<string> Sockets { get; init; } = [];

    /// <summary>What is started as a service where no socket answers; null for nothing.</summary>
    public string? Podman { get; init; }

    /// <summary>Podman's own environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// MODELHUB_CONTAINER_ENGINE names one socket (<c>unix:///run/…</c>), or <c>none</c>. Without it: what DOCKER_HOST and CONTAINER_HOST name, the
    /// usual places, and Podman's program.
    /// </summary>
    public static ContainerOptions FromEnvironment()
    {
        string? Told(string name) => System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
        if (Told("MODELHUB_CONTAINER_ENGINE") is { } chosen)
            return new ContainerOptions { Sockets = chosen == "none" ? [] : [PathOf(chosen)] };
        var own = Told("XDG_RUNTIME_DIR") is { } runtime ? new[] { runtime + "/docker.sock", runtime + "/podman/podman.sock" } : [];
        // Engines on other machines (tcp, ssh) would not see the model's files.
        var named = new[] { Told("DOCKER_HOST"), Told("CONTAINER_HOST") }.OfType<string>().Where(h => h.StartsWith("unix://", StringComparison.Ordinal));
        return new ContainerOptions
        {
            Sockets = [.. named.Select(PathOf), "/var/run/docker.sock", "/run/podman/podman.sock", .. own],
            Podman = "podman",
            Environment = Passed.Select(name => (Name: name, Value: Told(name))).Where(v => v.Value is not null).ToDictionary(v => v.Name, v => v.Value!),
        };
    }

    /// <summary>Registries that images may be pulled from: MODELHUB_IMAGE_REGISTRIES, with commas between; none by default.</summary>
    public static IReadOnlyList<string> Registries() => (System.Environment.GetEnvironmentVariable("MODELHUB_IMAGE_REGISTRIES") ?? "")
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string PathOf(string address) => address.StartsWith("unix://", StringComparison.Ordinal) ? address["unix://".Length..] : address;
}
