using ModelHub.Application.CustomModels;
using ModelHub.Application.Sharing;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>Reads what clients want made, changed or shared.</summary>
internal static class CustomModelRequests
{
    public static NewCustomModel ToNew(RequestFields fields)
    {
        var target = fields.Word("targetType", VendorWords.Targets)
            ?? (fields.Flag("supportsBinaryClassification") == true ? TargetType.Binary
                : fields.Flag("supportsRegression") == true ? TargetType.Regression : (TargetType?)null);
        if (target is null)
            fields.Refuse("targetType", "A target type is needed.");
        var made = new NewCustomModel(fields.Text("name", 255, required: true, blank: false) ?? "", target ?? default, TargetOf(fields)(new CustomModelTarget()))
        {
            Type = fields.Word("customModelType", VendorWords.Types, required: true) ?? default,
            Description = fields.Text("description") ?? "",
            Language = fields.Text("language", 500) ?? "",
            Runtime = RuntimeOf(fields, VendorWords.NetworksOfModels),
            UserProvidedId = fields.Text("userProvidedId", 100, blank: false),
            TrainingDataOfVersions = fields.Flag("isTrainingDataForVersionsPermanentlyEnabled") ?? false,
            Git = CustomModelMapping.GitOf(fields),
        };
        fields.Check();
        return made;
    }

    public static CustomModelChange ToChange(RequestFields fields)
    {
        var change = new CustomModelChange
        {
            Name = fields.Text("name", 255, blank: false),
            Description = fields.Text("description"),
            Language = fields.Text("language", 500),
            Target = TargetOf(fields),
            Runtime = RuntimeOf(fields, VendorWords.NetworksOfModels),
            TrainingDataOfVersions = fields.Flag("isTrainingDataForVersionsPermanentlyEnabled"),
            Git = CustomModelMapping.GitOf(fields),
        };
        fields.Check();
        return change;
    }

    /// <summary>What is asked for; null where nothing is.</summary>
    public static CustomModelRuntime RuntimeOf(RequestFields fields, IReadOnlyDictionary<string, NetworkPolicy> networks) => new()
    {
        MaximumMemory = fields.Whole("maximumMemory", ResourceLimits.LeastMemory, ResourceLimits.MostMemory),
        Replicas = (int?)fields.Whole("replicas", 1, ResourceLimits.MostReplicas),
        Network = fields.Word("networkEgressPolicy", networks),
        BundleId = fields.Id("resourceBundleId"),
        SecretConfigId = fields.Id("secretConfigId"),
        RequiresHa = fields.Flag("requiresHa"),
    };

    public static IReadOnlyList<SharingChange> ToSharing(RequestFields fields)
    {
        var changes = new List<SharingChange>();
        if (fields.Json("data", System.Text.Json.JsonValueKind.Array) is not { } list)
        {
            fields.Refuse("data", "A list of users and roles is needed.");
        }
        else if (list.GetArrayLength() is 0 or > 100)
        {
            fields.Refuse("data", "1 to 100 users are expected.");
        }
        else
        {
            foreach (var item in list.EnumerateArray())
            {
                var entry = item.ValueKind == System.Text.Json.JsonValueKind.Object ? new RequestFields(item) : new RequestFields();
                changes.Add(new SharingChange(
                    entry.Text("username", 320, required: true) ?? "", entry.Word("role", VendorWords.Roles), entry.Flag("canShare") ?? true));
                if (!entry.Has("role"))
                    entry.Refuse("role", "This field is required.");
                entry.Check();
            }
        }
        fields.Check();
        return changes;
    }

    /// <summary>The two class labels come together; null for both puts back 1 and 0.</summary>
    private static Func<CustomModelTarget, CustomModelTarget> TargetOf(RequestFields fields)
    {
        var (hasPositive, hasNegative) = (fields.Has("positiveClassLabel"), fields.Has("negativeClassLabel"));
        var (positive, negative) = (fields.Text("positiveClassLabel", 500, blank: false), fields.Text("negativeClassLabel", 500, blank: false));
        if (hasPositive != hasNegative || positive is null != negative is null)
            fields.Refuse(positive is null ? "positiveClassLabel" : "negativeClassLabel", "Both class labels are needed, or none.");
        var name = fields.Text("targetName", 500, blank: false);
        var classes = fields.Texts("classLabels", 100);
        var threshold = fields.Number("predictionThreshold", 0, 1);
        var calibrated = fields.Flag("calibratePredictions");
        return old => old with
        {
            Name = name ?? old.Name,
            PositiveClass = hasPositive ? positive ?? "1" : old.PositiveClass ?? "1",
            NegativeClass = hasNegative ? negative ?? "0" : old.NegativeClass ?? "0",
            Classes = classes ?? old.Classes,
            Threshold = threshold ?? old.Threshold,
            Calibrated = calibrated ?? old.Calibrated,
        };
    }
}
