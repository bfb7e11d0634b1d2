using System.Globalization;
using System.Numerics;
using ModelHub.Application.CustomModels;

namespace ModelHub.Api.Hosting;

/// <summary>What the command line and the environment say.</summary>
internal sealed record HubSettings
{
    public string Verb { get; init; } = "up";

    public string Urls { get; init; } = "http://127.0.0.1:5080";

    public string DataFolder { get; init; } = Path.GetFullPath("data");

    public string Role { get; init; } = "all";

    public string? ConnectionString { get; init; }

    public string? AdminKey { get; init; }

    public bool JsonLog { get; init; }

    /// <summary>Largest body in bytes where a dialect sets no bound of its own.</summary>
    public long LargestBody { get; init; } = 2L << 30;

    /// <summary>What one key may ask for, in each process, scoring aside; 0 for no bound.</summary>
    public int RequestsPerMinute { get; init; } = 6_000;

    /// <summary>What a project may store, in bytes; 0 for no bound.</summary>
    public long ProjectBytes { get; init; }

    /// <summary>What running models are given.</summary>
    public CustomModelSettings CustomModels { get; init; } = new();

    /// <exception cref="ArgumentException">An option is unknown or its value makes no sense.</exception>
    public static HubSettings Parse(string[] args, Func<string, string?> environment)
    {
        var settings = new HubSettings
        {
            ConnectionString = Blank(environment("ConnectionStrings__ModelHub")),
            AdminKey = Blank(environment("MODELHUB_ADMIN_KEY")),
            DataFolder = Path.GetFullPath(Blank(environment("MODELHUB_DATA")) ?? "data"),
            JsonLog = environment("MODELHUB_LOG") == "json",
        };
        if (Blank(environment("ASPNETCORE_URLS")) is { } urls)
            settings = settings with { Urls = urls };
        if (Blank(environment("MODELHUB_REQUESTS_PER_MINUTE")) is { } rate)
            settings = settings with { RequestsPerMinute = Whole<int>("MODELHUB_REQUESTS_PER_MINUTE", "requests", rate) };
        if (Blank(environment("MODELHUB_PROJECT_BYTES")) is { } bytes)
            settings = settings with { ProjectBytes = Whole<long>("MODELHUB_PROJECT_BYTES", "bytes", bytes) };
        if (settings.AdminKey is { Length: < 16 })
            throw new ArgumentException("MODELHUB_ADMIN_KEY needs at least 16 characters.");
        for (var i = 0; i < args.Length; i++)
        {
            string Value() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} needs a value.");
            settings = args[i] switch
            {
                "up" or "migrate" or "keys" or "natives" or "help" when i == 0 => settings with { Verb = args[i] },
                "--help" or "-h" => settings with { Verb = "help" },
                "--port" => settings with { Urls = $"http://127.0.0.1:{Port(Value())}" },
                "--data" => settings with { DataFolder = Path.GetFullPath(Value()) },
                "--role" => settings with { Role = Value() },
                _ => throw new ArgumentException($"Unknown argument '{args[i]}'."),
            };
        }
        if (settings.Role is not ("api" or "worker" or "all"))
            throw new ArgumentException($"--role is api, worker or all, not '{settings.Role}'.");
        return settings;
    }

    /// <summary>The same with what is too large for a command line: settings.json in the data folder, of which the environment can change any.</summary>
    /// <exception cref="ArgumentException">It makes no sense; the message says what.</exception>
    public HubSettings WithFile()
    {
        var file = Path.Combine(DataFolder, "settings.json");
        try
        {
            var section = new ConfigurationBuilder().AddJsonFile(file, optional: true).AddEnvironmentVariables().Build().GetSection(CustomModelSettings.Section);
            return this with { CustomModels = (section.Get<CustomModelSettings>(o => o.ErrorOnUnknownConfiguration = true) ?? new CustomModelSettings()).Checked() };
        }
        catch (Exception wrong) when (wrong is InvalidDataException or InvalidOperationException)
        {
            throw new ArgumentException(
                $"The settings ({file} and the environment) cannot be read: {(wrong is InvalidDataException ? wrong.GetBaseException() : wrong).Message}");
        }
    }

    private static string? Blank(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;

    private static T Whole<T>(string variable, string what, string text)
        where T : IBinaryInteger<T> =>
        T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw new ArgumentException($"{variable} is a number of {what}, not '{text}'.");

    private static int Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65535
            ? port : throw new ArgumentException($"'{text}' is not a port.");
}
