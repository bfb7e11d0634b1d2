using System.Text.Json;

namespace ModelHub.Api.Dialects.Hub.Wire;

/// <summary>Documented here, read as it comes in.</summary>
public sealed record BatchForm
{
    /// <summary>CSV, JSON or JSON lines, plain or gzip.</summary>
    public IFormFile? File { get; init; }
}

public sealed record BatchAnswer
{
    public long RowCount { get; init; }

    /// <summary>Each row as it came, with <c>pred_predict</c> and, of a classifier, <c>prob_</c> and the class.</summary>
    public IReadOnlyList<Dictionary<string, JsonElement>>? Predictions { get; init; }
}
