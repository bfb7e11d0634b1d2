namespace ModelHub.Application.CustomModels.Templates;

/// <summary>A complete model of our own to begin with.</summary>
/// <param name="Folder">Where its files are embedded.</param>
public sealed record ModelTemplate(Guid Id, string Name, string Description, TargetType Target, string Folder, IReadOnlyList<string> Files);

/// <summary>Memory and processors under one name.</summary>
/// <param name="Memory">Bytes, the bound of a running model that asks for none of its own.</param>
public sealed record ResourceBundle(Guid Id, string Name, string Description, long Memory, int Processors);

/// <summary>A set of secrets that a running model is given.</summary>
public sealed record SecretConfig(Guid Id, string Name, string Description);

/// <summary>What the server offers to models: templates, bundles, secrets.</summary>
public static class ServerOffers
{
    private static readonly string[] TemplateFiles = ["custom.py", "weights.json"];

    public static IReadOnlyList<ModelTemplate> Templates { get; } =
    [
        new(Fixed(0xc01), "Linear regression in Python", "custom.py with weights in JSON; needs no package.", TargetType.Regression, "linear-regression", TemplateFiles),
        new(Fixed(0xc02), "Binary classifier in Python", "custom.py with logistic weights in JSON; needs no package.", TargetType.Binary, "binary-classifier", TemplateFiles),
    ];

    public static IReadOnlyList<ResourceBundle> Bundles { get; } =
    [
        new(Fixed(0xd01), "Small", "512 MB of memory", 512L << 20, 1),
        new(Fixed(0xd02), "Medium", "2 GB of memory", 2L << 30, 1),
        new(Fixed(0xd03), "Large", "8 GB of memory", 8L << 30, 2),
    ];

    public static IReadOnlyList<SecretConfig> Secrets { get; } = [new(Fixed(0xe01), "No secrets", "The model is given nothing of the server's.")];

    public static ResourceBundle? BundleOf(Guid? id) => Bundles.FirstOrDefault(b => b.Id == id);

    private static Guid Fixed(int number) => Guid.ParseExact($"00000000-0000-8000-8000-000000000{number:x3}", "D");
}
