using ModelHub.Application.CustomModels.Conversions;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>Feature impact and conversions in the dialect's words.</summary>
internal static class InsightMapping
{
    public static object ToWire(FeatureImpact impact) => new
    {
        count = impact.Columns.Count,
        next = (string?)null,
        previous = (string?)null,
        rowCount = impact.RowCount,
        shapBased = false,
        ranRedundancyDetection = impact.RanRedundancyDetection,
        featureImpacts = impact.Columns.Select(c => new
        {
            featureName = c.Feature, impactNormalized = c.Normalized, impactUnnormalized = c.Unnormalized, redundantWith = c.RedundantWith,
            parentFeatureName = (string?)null,
        }),
    };

    public static object ToWire(Conversion conversion)
    {
        var body = new Dictionary<string, object?>
        {
            ["id"] = HubId.ToHex(conversion.Id),
            ["customModelVersionId"] = HubId.ToHex(conversion.VersionId),
            ["mainProgramItemId"] = HubId.ToHex(conversion.ItemId),
            ["created"] = VendorJson.Time(conversion.CreatedAt),
            ["conversionInProgress"] = conversion.EndedAt is null,
            ["conversionSucceeded"] = conversion.Succeeded,
            ["shouldStop"] = conversion.ShouldStop,
            ["logMessage"] = conversion.Log.Length == 0 ? null : conversion.Log,
        };
        if (conversion.Outputs.Count > 0)
        {
            var outputs = conversion.Outputs.OrderBy(o => o.Path, StringComparer.Ordinal).ToList();
            body["generatedMetadata"] = new { outputDatasets = outputs.Select(o => o.Path), outputColumns = outputs.Select(o => o.Columns) };
        }
        return body;
    }
}
