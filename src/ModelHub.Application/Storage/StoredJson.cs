using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelHub.Application.Storage;

/// <summary>How what is kept as JSON (reports, parameters, payloads of jobs) is written.</summary>
public static class StoredJson
{
    /// <summary>Names as the documents have them; NaN and infinities, which JSON does not know, as strings.</summary>
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
}
