namespace ModelHub.Infrastructure.Containers;

/// <summary>What the hub calls its images in the engine. Hubs may share an engine: the names tell whose an image is, by the data folder.</summary>
internal sealed class ImageNames(InfrastructureOptions options)
{
    private const string Repository = "localhost/modelhub-environment";
    private readonly string _file = Path.Combine(options.DataFolder, "images");
    private readonly Lock _gate = new();
    private string? _owner;

    /// <summary>Whether this hub ever named an image.</summary>
    public bool HasAny => File.Exists(_file);

    /// <summary>Whether a name is one that this or another hub gave.</summary>
    public static bool IsAnyHubs(string name) => name.StartsWith(Repository + ":", StringComparison.Ordinal);

    public string New() => $"{Repository}:{Owner()}-{Guid.NewGuid():N}";

    public bool IsOwn(string name) => HasAny && name.StartsWith($"{Repository}:{Owner()}-", StringComparison.Ordinal);

    private string Owner()
    {
        lock (_gate)
        {
            if (_owner is not null)
                return _owner;
            if (!HasAny)
            {
                Directory.CreateDirectory(options.DataFolder);
                var made = Path.Combine(options.DataFolder, $"images.{Guid.NewGuid():N}");
                File.WriteAllText(made, Guid.NewGuid().ToString("N"));
                try
                {
                    File.Move(made, _file);
                }
                catch (IOException)
                {
                    // Another process on the same folder was first.
                    File.Delete(made);
                }
            }
            return _owner = File.ReadAllText(_file);
        }
    }
}
