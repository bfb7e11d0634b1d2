using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.CustomModels.Templates;

namespace ModelHub.Application.Tests.CustomModels;

/// <summary>What a server may be set to give to models, and what it makes of what they asked for before.</summary>
public sealed class CustomModelSettingsTests
{
    private const long MB = 1 << 20;

    public static TheoryData<string, CustomModelSettings> Senseless => new()
    {
        { "MaximumMemory", new() { MaximumMemory = 64 * MB } },
        { "MaximumMemory", new() { MaximumMemory = long.MaxValue } },
        { "DefaultMemory", new() { MaximumMemory = 512 * MB } },
        { "MaximumReplicas", new() { MaximumReplicas = 9 } },
        { "MaximumTestUsers", new() { MaximumTestUsers = 0 } },
        { "StartupSeconds", new() { StartupSeconds = 0 } },
        { "RequestSeconds", new() { RequestSeconds = -1 } },
        { "Bundles:big:Memory", new() { Bundles = new Dictionary<string, BundleSettings> { ["big"] = new() { Memory = 1L << 40 } } } },
        { "Bundles:idle:Processors", new() { Bundles = new Dictionary<string, BundleSettings> { ["idle"] = new() { Memory = 512 * MB, Processors = 0 } } } },
        { "Secrets:s:Users", Secret([], "A", "1") },
        { "Secrets:s:Variables", new() { Secrets = new Dictionary<string, SecretSettings> { ["s"] = new() { Users = ["*"] } } } },
        { "Secrets:s:Variables:lower", Secret(["*"], "lower", "1") },
        { "Secrets:s:Variables:1ST", Secret(["*"], "1ST", "1") },
        { "Secrets:s:Variables:LD_PRELOAD", Secret(["*"], "LD_PRELOAD", "x.so") },
        { "Secrets:s:Variables:PYTHONPATH", Secret(["*"], "PYTHONPATH", "/tmp") },
        { "Secrets:s:Variables:MODEL_OPTIONS", Secret(["*"], "MODEL_OPTIONS", "{}") },
        { "Secrets:s:Variables:A", Secret(["*"], "A", "1\0") },
        { "Secrets:s:Variables:A", Secret(["*"], "A", new string('x', 40_000)) },
        { "Secrets:s:Variables:A", Secret(["*"], "A", null!) },
    };

    [Theory]
    [MemberData(nameof(Senseless))]
    public void Settings_that_make_no_sense_are_refused_by_name(string named, CustomModelSettings settings) =>
        Assert.Contains($"CustomModels:{named} ", Assert.Throws<ArgumentException>(settings.Checked).Message, StringComparison.Ordinal);

    [Fact]
    public void The_usual_settings_make_sense() => Assert.Equal(3, new ServerOffers(new CustomModelSettings().Checked()).Bundles.Count);

    [Fact]
    public void Who_asked_for_more_before_the_settings_changed_runs_with_what_there_is()
    {
        var offers = new ServerOffers(new CustomModelSettings { DefaultMemory = 256 * MB, MaximumMemory = 512 * MB, MaximumReplicas = 2 }.Checked());
        var bound = offers.Bound(
            new ModelProgram { Files = [], TargetType = TargetType.Regression, Target = new(), Memory = offers.Settings.DefaultMemory },
            new CustomModelRuntime { MaximumMemory = 2048 * MB, Replicas = 8, BundleId = Guid.NewGuid() });
        Assert.Equal((512 * MB, 2, 1), (bound.Memory, bound.Replicas, bound.Processors));
        Assert.Equal("Small", Assert.Single(offers.Bundles).Name); // the others are larger than a model may be
    }

    [Fact]
    public void Ids_are_the_same_in_every_process_with_the_settings()
    {
        var bundles = new Dictionary<string, BundleSettings> { ["b"] = new() { Memory = 512 * MB }, ["a"] = new() { Memory = 256 * MB } };
        ResourceBundle[][] all = [[.. Of(bundles).Bundles], [.. Of(bundles.Reverse().ToDictionary()).Bundles]];
        Assert.Equal(all[0], all[1]);
        Assert.NotEqual(all[0][0].Id, all[0][1].Id);
    }

    private static ServerOffers Of(IReadOnlyDictionary<string, BundleSettings> bundles) => new(new CustomModelSettings { Bundles = bundles }.Checked());

    private static CustomModelSettings Secret(IReadOnlyList<string> users, string variable, string value) => new()
    {
        Secrets = new Dictionary<string, SecretSettings> { ["s"] = new() { Users = users, Variables = new Dictionary<string, string> { [variable] = value } } },
    };
}
