using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;
using ModelHub.Engine.Tests.Trees;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Tests.Golden;

/// <summary>Hashes of every bit of trained models, their scores and their contributions: to be the same on every processor.</summary>
internal static class Digest
{
    public static string Everything()
    {
        var lines = new List<string>();
        foreach (var task in Enum.GetValues<TaskKind>())
        {
            var set = Sets.Make(task, 1200);
            var options = new BoostingOptions { Trees = 15, MaxLeaves = 15 };
            foreach (var learner in new ILearner[]
            {
                new GradientBoostedTrees(options),
                new GradientBoostedTrees(options with { MaxDepth = 4, MaxLeaves = 0, Trees = 60, EarlyStoppingRounds = 5 }),
                new RandomForest(new ForestOptions { Trees = 4 }),
                new ExtraTrees(new ForestOptions { Trees = 4 }),
                new GeneralizedLinear(new LinearOptions(MaxIterations: 30)),
            })
            {
                var model = learner.Fit(set, new FitContext { Seed = 11, Threads = 2 });
                var scores = Sets.Scores(CompiledForest.Compile(model), set);
                var contributions = new ShapExplainer(model).Explain(set.Features, [.. Enumerable.Range(0, 60)], 2);
                lines.Add($"{task} {learner.Algorithm} {(model is Forest ? Hash(Encoding.UTF8.GetBytes(Sets.Bits(model))) : "")} {Hash(scores)} {Hash(contributions)}");
            }
        }
        return string.Join('\n', lines);
    }

    public static string Hash(double[] values) => Hash(MemoryMarshal.AsBytes<double>(values));

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes))[..16];
}
