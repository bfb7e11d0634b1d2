namespace ModelHub.Infrastructure.Containers;

/// <summary>Which container engines are tried, and with which environment of their own.</summary>
internal sealed record ContainerOptions
{
    private static readonly string[] Passed = ["HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "CONTAINER_HOST", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"];

    public IReadOnlyList<string> Programs { get; init; } = ["podman", "docker"];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>MODELHUB_CONTAINER_ENGINE names one program; of the hub's environment an engine sees what it finds its own files and its daemon by.</summary>
    public static ContainerOptions FromEnvironment()
    {
        var known = Passed.Select(name => (Name: name, Value: System.Environment.GetEnvironmentVariable(name))).Where(v => !string.IsNullOrEmpty(v.Value));
        var options = new ContainerOptions { Environment = known.ToDictionary(v => v.Name, v => v.Value!) };
        return System.Environment.GetEnvironmentVariable("MODELHUB_CONTAINER_ENGINE") is { Length: > 0 } program ? options with { Programs = [program] } : options;
    }

    /// <summary>Registries that images may be pulled from: MODELHUB_IMAGE_REGISTRIES, with commas between; none by default.</summary>
    public static IReadOnlyList<string> Registries() => (System.Environment.GetEnvironmentVariable("MODELHUB_IMAGE_REGISTRIES") ?? "")
        .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
