using System.Security.Cryptography;
using System.Text;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Application.CustomModels.Templates;

/// <summary>A complete model of our own to begin with.</summary>
/// <param name="Folder">Where its files are embedded.</param>
public sealed record ModelTemplate(Guid Id, string Name, string Description, TargetType Target, string Folder, IReadOnlyList<string> Files);

/// <summary>Memory and processors under one name.</summary>
/// <param name="Memory">Bytes, the bound of a running model that asks for none of its own.</param>
public sealed record ResourceBundle(Guid Id, string Name, string Description, long Memory, int Processors);

/// <summary>A set of secrets that a running model is given. Its values are nobody's to read but the model's.</summary>
public sealed record SecretConfig(Guid Id, string Name, string Description);

/// <summary>What the server offers to models, templates, bundles and secrets, and within which bounds.</summary>
public sealed class ServerOffers
{
    private static readonly string[] TemplateFiles = ["custom.py", "weights.json"];
    private static readonly SecretConfig None = new(IdOf("secrets", ""), "No secrets", "The model is given nothing of the server's.");
    private readonly Dictionary<Guid, SecretSettings> _secrets = [];

    public ServerOffers(CustomModelSettings settings)
    {
        Settings = settings;
        Bundles = settings.Bundles is null
            ? [.. Usual.Where(b => b.Memory <= settings.MaximumMemory)]
            : [.. settings.Bundles.Select(b => new ResourceBundle(IdOf("bundle", b.Key), b.Key, b.Value.Description, b.Value.Memory, b.Value.Processors)).OrderBy(b => b.Memory)];
        List<SecretConfig> secrets = [None];
        foreach (var (name, secret) in (settings.Secrets ?? new Dictionary<string, SecretSettings>()).OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            secrets.Add(new SecretConfig(IdOf("secrets", name), name, secret.Description));
            _secrets[secrets[^1].Id] = secret;
        }
        Secrets = secrets;
    }

    public static IReadOnlyList<ModelTemplate> Templates { get; } =
    [
        new(Fixed(0xc01), "Linear regression in Python", "custom.py with weights in JSON; needs no package.", TargetType.Regression, "linear-regression", TemplateFiles),
        new(Fixed(0xc02), "Binary classifier in Python", "custom.py with logistic weights in JSON; needs no package.", TargetType.Binary, "binary-classifier", TemplateFiles),
    ];

    public CustomModelSettings Settings { get; }

    /// <summary>The smallest first.</summary>
    public IReadOnlyList<ResourceBundle> Bundles { get; }

    private IReadOnlyList<SecretConfig> Secrets { get; }

    private static IEnumerable<ResourceBundle> Usual =>
    [
        new(IdOf("bundle", "Small"), "Small", "512 MB of memory", 512L << 20, 1),
        new(IdOf("bundle", "Medium"), "Medium", "2 GB of memory", 2L << 30, 1),
        new(IdOf("bundle", "Large"), "Large", "8 GB of memory", 8L << 30, 2),
    ];

    /// <summary>Those that the caller's models may be given; no secrets at all comes first.</summary>
    public IReadOnlyList<SecretConfig> SecretsOf(Caller caller) => [.. Secrets.Where(s => IsFor(s.Id, caller.Username))];

    /// <summary>What is set already, and in place of it what the caller asks for; a bundle brings its memory along.</summary>
    /// <exception cref="ModelHubException">More is asked for than the server gives, or what is not the caller's to ask for.</exception>
    public CustomModelRuntime Settle(Caller caller, CustomModelRuntime before, CustomModelRuntime asked)
    {
        asked.Check();
        var bundle = BundleOf(asked.BundleId);
        if (asked.BundleId is not null && bundle is null)
            throw ModelHubException.Invalid("resourceBundleId", "There is no such resource bundle.");
        if (asked.MaximumMemory > Settings.MaximumMemory)
            throw ModelHubException.Invalid("maximumMemory", $"This server gives a model at most {Settings.MaximumMemory} bytes.");
        if (asked.Replicas > Settings.MaximumReplicas)
            throw ModelHubException.Invalid("replicas", $"This server gives a model at most {Settings.MaximumReplicas} replicas.");
        if (asked.SecretConfigId is { } secret && !IsFor(secret, caller.Username))
            throw ModelHubException.Invalid("secretConfigId", "The server offers nothing of this id.");
        return before.With(asked with { MaximumMemory = asked.MaximumMemory ?? bundle?.Memory });
    }

    /// <summary>The program, run with what was asked for; where nothing was, as before, and never with more than the server gives.</summary>
    public ModelProgram Bound(ModelProgram program, CustomModelRuntime asked) => program with
    {
        Memory = Math.Min(asked.MaximumMemory ?? program.Memory, Settings.MaximumMemory),
        Replicas = Math.Min(asked.Replicas ?? program.Replicas, Settings.MaximumReplicas),
        Processors = BundleOf(asked.BundleId)?.Processors ?? program.Processors,
        HasNetwork = asked.Network is { } network ? network == NetworkPolicy.Public : program.HasNetwork,
        StartUp = TimeSpan.FromSeconds(Settings.StartupSeconds),
        Request = TimeSpan.FromSeconds(Settings.RequestSeconds),
    };

    /// <summary>The variables of a set of secrets for code that <paramref name="author"/> brought; null when it is not for them, or no longer there.</summary>
    internal IReadOnlyDictionary<string, string>? VariablesOf(Guid id, string author) =>
        id == None.Id ? new Dictionary<string, string>() : IsFor(id, author) ? _secrets[id].Variables : null;

    public ResourceBundle? BundleOf(Guid? id) => Bundles.FirstOrDefault(b => b.Id == id);

    private bool IsFor(Guid secret, string username) => secret == None.Id || _secrets.TryGetValue(secret, out var settings) && settings.IsFor(username);

    /// <summary>The same in every process that has the settings.</summary>
    private static Guid IdOf(string kind, string name) => HubId.OfArtifact(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}/{name}"))));

    private static Guid Fixed(int number) => Guid.ParseExact($"00000000-0000-8000-8000-000000000{number:x3}", "D");
}
