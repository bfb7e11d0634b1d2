namespace ModelHub.Application.CustomModels;

/// <summary>What this server gives to running models: the section "CustomModels" of its settings.</summary>
public sealed record CustomModelSettings
{
    public const string Section = "CustomModels";

    /// <summary>Bytes for a model that asks for none.</summary>
    public long DefaultMemory { get; init; } = 2L << 30;

    /// <summary>Bytes that a model may ask for at most; one that asked for more before runs with this.</summary>
    public long MaximumMemory { get; init; } = ResourceLimits.MostMemory;

    /// <summary>Processes of a version at most, in each process of the hub.</summary>
    public int MaximumReplicas { get; init; } = ResourceLimits.MostReplicas;

    /// <summary>Users that a test may imitate at once.</summary>
    public int MaximumTestUsers { get; init; } = ResourceLimits.MostTestUsers;

    /// <summary>How long a model may take to start, in seconds.</summary>
    public int StartupSeconds { get; init; } = 60;

    /// <summary>How long it may take to answer one request, in seconds.</summary>
    public int RequestSeconds { get; init; } = 60;

    /// <summary>By name; null for Small, Medium and Large.</summary>
    public IReadOnlyDictionary<string, BundleSettings>? Bundles { get; init; }

    /// <summary>By name.</summary>
    public IReadOnlyDictionary<string, SecretSettings>? Secrets { get; init; }

    /// <exception cref="ArgumentException">A setting makes no sense; the message names it.</exception>
    public CustomModelSettings Checked()
    {
        Require(MaximumMemory is >= ResourceLimits.LeastMemory and <= ResourceLimits.MostMemory, "MaximumMemory", $"{ResourceLimits.LeastMemory} to {ResourceLimits.MostMemory} bytes");
        Require(DefaultMemory >= ResourceLimits.LeastMemory && DefaultMemory <= MaximumMemory, "DefaultMemory", $"{ResourceLimits.LeastMemory} bytes to MaximumMemory ({MaximumMemory})");
        Require(MaximumReplicas is >= 1 and <= ResourceLimits.MostReplicas, "MaximumReplicas", $"1 to {ResourceLimits.MostReplicas}");
        Require(MaximumTestUsers is >= 1 and <= ResourceLimits.MostTestUsers, "MaximumTestUsers", $"1 to {ResourceLimits.MostTestUsers}");
        Require(StartupSeconds is >= 1 and <= 3600, "StartupSeconds", "1 to 3600");
        Require(RequestSeconds is >= 1 and <= 3600, "RequestSeconds", "1 to 3600");
        foreach (var (name, bundle) in Bundles ?? new Dictionary<string, BundleSettings>())
        {
            Require(bundle.Memory >= ResourceLimits.LeastMemory && bundle.Memory <= MaximumMemory, $"Bundles:{name}:Memory", $"{ResourceLimits.LeastMemory} bytes to MaximumMemory ({MaximumMemory})");
            Require(bundle.Processors is >= 1 and <= 256, $"Bundles:{name}:Processors", "1 to 256");
        }
        foreach (var (name, secret) in Secrets ?? new Dictionary<string, SecretSettings>())
        {
            Require(secret.Users.Count > 0, $"Secrets:{name}:Users", "a list of usernames, or \"*\" for everybody");
            Require(secret.Variables.Count is > 0 and <= 100, $"Secrets:{name}:Variables", "1 to 100 names with values");
            foreach (var (variable, value) in secret.Variables)
            {
                Require(SecretSettings.IsName(variable), $"Secrets:{name}:Variables:{variable}", "a name of capital letters, digits and _ that the hub does not set itself");
                Require(value is { Length: <= 32_768 } && !value.Contains('\0', StringComparison.Ordinal), $"Secrets:{name}:Variables:{variable}", "a text of at most 32768 characters");
            }
        }
        return this;
    }

    private static void Require(bool isRight, string setting, string wanted)
    {
        if (!isRight)
            throw new ArgumentException($"The setting {Section}:{setting} is {wanted}.");
    }
}

/// <summary>Memory and processors under one name.</summary>
public sealed record BundleSettings
{
    public string Description { get; init; } = "";

    /// <summary>Bytes.</summary>
    public long Memory { get; init; }

    public int Processors { get; init; } = 1;
}

/// <summary>Environment variables that a running model is given, and for whose models they are.</summary>
public sealed record SecretSettings
{
    public string Description { get; init; } = "";

    /// <summary>Usernames, or "*" for everybody.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether a model may be given a variable of this name: none that would change how it is started.</summary>
    internal static bool IsName(string variable) =>
        variable.Length is > 0 and <= 100 && !char.IsAsciiDigit(variable[0]) && variable.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')
        && !Kept.Contains(variable) && !variable.StartsWith("LD_", StringComparison.Ordinal) && !variable.StartsWith("PYTHON", StringComparison.Ordinal);

    private static readonly string[] Kept =
        ["PATH", "HOME", "USER", "LOGNAME", "LANG", "PORT", "ADDRESS", "URL_PREFIX", "MODEL_OPTIONS", "MODEL_NETWORK", "OUTPUT_DIR", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS"];

    internal bool IsFor(string username) => Users.Any(u => u == "*" || u == username);
}
