namespace ModelHub.Application.Registry;

/// <summary>Frameworks that an upload may claim. What a file is, its content says.</summary>
public static class Frameworks
{
    public static readonly IReadOnlyList<string> Known =
    [
        "onnx", "tensorflow", "keras", "pytorch", "sklearn", "xgboost", "lightgbm", "python", "mlflow", "custom", "modelhub",
        "hugging-face", "vllm",
    ];

    /// <summary>Also the tasks of Hugging Face: <c>hugging-face-text-classification</c>.</summary>
    public static bool IsKnown(string framework) => Known.Contains(framework)
        || framework.StartsWith("hugging-face-", StringComparison.Ordinal) && framework.Length <= 50
            && framework.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
