using System.Text.Json;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>Reads the settings of the checks that are made only when they are asked for: an object of settings, or "fail" for the usual ones.</summary>
internal static class TestSettings
{
    /// <exception cref="ModelHubException">A setting is unknown or out of its bounds; the message names it.</exception>
    public static ExtraChecks Of(IReadOnlyDictionary<string, JsonElement>? configuration)
    {
        var extra = new ExtraChecks();
        if (Read(configuration, TestChecks.Verification) is { } verification)
            extra = extra with { Verification = VerificationOf(verification) };
        if (Read(configuration, TestChecks.Performance) is { } performance)
            extra = extra with { Performance = PerformanceOf(performance) };
        return Read(configuration, TestChecks.Stability) is { } stability ? extra with { Stability = StabilityOf(stability) } : extra;
    }

    private static VerificationCheck VerificationOf(RequestFields fields)
    {
        var check = new VerificationCheck(
            fields.Id("outputDatasetId", required: true) ?? default, fields.Text("predictionsColumn", 500, required: true) ?? "",
            fields.Number("matchThreshold", 0, 1) ?? 1e-4, fields.Number("passingMatchRate", 0, 100) ?? 100);
        Check(fields, TestChecks.Verification);
        return check;
    }

    private static PerformanceCheck PerformanceOf(RequestFields fields)
    {
        var check = new PerformanceCheck(
            (int)(fields.Whole("maximumResponseTime", 1, 60_000) ?? 10_000), (int)(fields.Whole("checkDurationLimit", 1, 60) ?? 5),
            (int)(fields.Whole("numberOfParallelUsers", 1, ResourceLimits.MostTestUsers) ?? 1));
        Check(fields, TestChecks.Performance);
        return check;
    }

    private static StabilityCheck StabilityOf(RequestFields fields)
    {
        var (least, most) = ((int)(fields.Whole("minimumPayloadSize", 1, 10_000) ?? 1), (int)(fields.Whole("maximumPayloadSize", 1, 10_000) ?? 100));
        if (least > most)
            fields.Refuse("maximumPayloadSize", "It must not be less than 'minimumPayloadSize'.");
        var check = new StabilityCheck(
            (int)(fields.Whole("totalIterations", 1, 1000) ?? 50), least, most, (int)(fields.Whole("numberOfParallelUsers", 1, ResourceLimits.MostTestUsers) ?? 1),
            fields.Number("passingRate", 0, 100) ?? 100);
        Check(fields, TestChecks.Stability);
        return check;
    }

    /// <summary>Null when it is not asked for.</summary>
    private static RequestFields? Read(IReadOnlyDictionary<string, JsonElement>? configuration, string check)
    {
        if (configuration is null || !configuration.TryGetValue(check, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.Object => new RequestFields(value),
            JsonValueKind.String when value.GetString() == "skip" => null,
            JsonValueKind.String when value.GetString() == "fail" => new RequestFields(),
            _ => throw ModelHubException.Invalid($"configuration.{check}", $"'{check}' is an object of settings, fail or skip."),
        };
    }

    private static void Check(RequestFields fields, string check)
    {
        try
        {
            fields.Check();
        }
        catch (ModelHubException wrong)
        {
            throw ModelHubException.Invalid($"configuration.{check}", wrong.Message);
        }
    }
}
