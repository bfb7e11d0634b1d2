using ModelHub.Application.CustomModels;
using ModelHub.Application.Environments;
using ModelHub.Application.Sharing;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>The dialect's words for ours.</summary>
internal static class VendorWords
{
    public static readonly IReadOnlyDictionary<string, TargetType> Targets = Enum.GetValues<TargetType>().ToDictionary(t => t.ToString());

    public static readonly IReadOnlyDictionary<string, CustomModelType> Types =
        new Dictionary<string, CustomModelType> { ["inference"] = CustomModelType.Inference, ["training"] = CustomModelType.Training };

    public static readonly IReadOnlyDictionary<string, NetworkPolicy> NetworksOfModels = new Dictionary<string, NetworkPolicy>
    {
        ["NONE"] = NetworkPolicy.None, ["DR_API_ACCESS"] = NetworkPolicy.DrApiAccess, ["PUBLIC"] = NetworkPolicy.Public,
    };

    public static readonly IReadOnlyDictionary<string, NetworkPolicy> NetworksOfVersions =
        new Dictionary<string, NetworkPolicy> { ["NONE"] = NetworkPolicy.None, ["PUBLIC"] = NetworkPolicy.Public };

    public static readonly IReadOnlyDictionary<string, BuildStatus> BuildStatuses =
        Enum.GetValues<BuildStatus>().ToDictionary(s => s.ToString().ToLowerInvariant());

    public static readonly IReadOnlyDictionary<string, SharingRole> Roles = new Dictionary<string, SharingRole>
    {
        ["ADMIN"] = SharingRole.Admin, ["CONSUMER"] = SharingRole.Consumer, ["DATA_SCIENTIST"] = SharingRole.DataScientist,
        ["EDITOR"] = SharingRole.Editor, ["OBSERVER"] = SharingRole.Observer, ["OWNER"] = SharingRole.Owner, ["READ_ONLY"] = SharingRole.ReadOnly,
        ["READ_WRITE"] = SharingRole.ReadWrite, ["USER"] = SharingRole.User,
    };

    public static string? Of(NetworkPolicy? policy) => policy is { } p ? NetworksOfModels.First(n => n.Value == p).Key : null;

    public static string Of(SharingRole role) => Roles.First(r => r.Value == role).Key;

    public static string Of(CustomModelType type) => type == CustomModelType.Inference ? "inference" : "training";

    public static string Of(BuildStatus status) => status.ToString().ToLowerInvariant();
}
