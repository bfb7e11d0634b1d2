using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>How this dialect writes JSON: camelCase, nulls shown, apostrophes left alone.</summary>
internal static class VendorJson
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>ISO 8601 with microseconds, which is what the database keeps; as text it sorts as time does.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static string? Time(DateTimeOffset? time) => time is { } t ? Time(t) : null;
}
