namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Documented paths that several operations begin with, and ids that are always, or never, there.</summary>
internal static class ContractPaths
{
    public const string AllModels = "/api/v2/customModels/";
    public const string OneModel = AllModels + "{customModelId}/";
    public const string Versions = OneModel + "versions/";
    public const string OneVersion = Versions + "{customModelVersionId}/";
    public const string Environments = "/api/v2/executionEnvironments/";
    public const string OneEnvironment = Environments + "{environmentId}/";
    public const string AllTests = "/api/v2/customModelTests/";
    public const string OneTest = AllTests + "{customModelTestId}/";
    public const string Image = "/api/v2/customInferenceImages/{imageId}/featureImpact/";
    public const string Nobody = "0123456789abcdef01234567";
    public const string BuiltIn = "000000000000000000000b01";
}
