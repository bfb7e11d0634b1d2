using System.Globalization;
using ModelHub.Engine.Data;

namespace ModelHub.Engine.Search;

/// <summary>
/// What a fold of a trial costs, in seconds of one processor, told without the data. The constants were measured in first searches of fresh hubs, whose
/// code is still being compiled (docs/benchmarks/hub.md, "First searches").
/// </summary>
/// <param name="rows">That are learned from.</param>
internal sealed class TrialCost(TaskKind task, int rows, int features, int classes)
{
    /// <summary>A row and feature in a histogram, or forth and back in a linear model.</summary>
    private const double SecondsPerCell = 6e-9;

    /// <summary>Derivatives, losses and walks of a row take as long as so many of its features.</summary>
    private const int FeaturesOfARow = 16;

    /// <summary>Looking through the bins of a node.</summary>
    private const double SecondsPerLeaf = 8e-6;

    /// <summary>A row and weight of a network, forth and back.</summary>
    private const double SecondsPerWeight = 3.5e-10;

    /// <summary>Preparing, storing and scoring.</summary>
    private const double FixedSeconds = 0.05;
    private const int LinearPasses = 200;

    /// <summary>Levels of a forest's tree whose histograms cost as much as a whole tree of boosting.</summary>
    private const double DeepTree = 3;

    /// <summary>Networks stop early, as a rule.</summary>
    private const double EpochsUsed = 0.25;

    private int Outputs => task == TaskKind.Multiclass ? Math.Max(2, classes) : 1;

    /// <summary>
    /// Boosting ends when the held rows stop gaining: after so many steps of rate one. There is more to learn from more rows, and from labels that say more:
    /// 6 for titanic, 11 wine, 12 adult, 36 california, 50 synth_reg_500k, 80 letter.
    /// </summary>
    private double Distance => 0.75 * Math.Pow(rows, 0.3) * (task == TaskKind.Regression ? 2.5 : Math.Log2(Math.Max(2, classes)));

    public double SecondsOf(ILearner learner)
    {
        var pass = SecondsPerCell * rows * (features + FeaturesOfARow);
        var (trees, leaves) = Trees(learner);
        return FixedSeconds + learner.Algorithm switch
        {
            "GBM" => trees * (pass + SecondsPerLeaf * leaves),
            "DRF" or "XRT" => trees * (DeepTree * pass + SecondsPerLeaf * leaves),
            "DeepLearning" => EpochsUsed * Value(learner, "epochs") * rows * Hidden(learner) * (features + Hidden(learner) / 2) * SecondsPerWeight,
            // Held rows are compared with those that were kept.
            "KNN" => SecondsPerWeight * rows * rows * features,
            _ => LinearPasses * SecondsPerCell * rows * (features * (double)Outputs + FeaturesOfARow),
        };
    }

    /// <summary>Of the model that comes out.</summary>
    public long BytesOf(ILearner learner)
    {
        var (trees, leaves) = Trees(learner);
        return learner.Algorithm switch
        {
            "KNN" => 4L * rows * features,
            "DeepLearning" => (long)(4 * Hidden(learner) * (features + Hidden(learner) / 2)),
            _ => (long)(trees * 2 * leaves * MemoryEstimate.BytesOfNode(learner.Algorithm == "GBM" ? 1 : Outputs)),
        };
    }

    /// <summary>How many trees, and the leaves of each; none for other models.</summary>
    private (double Count, double Leaves) Trees(ILearner learner) => learner.Algorithm switch
    {
        "GBM" => (Outputs * Math.Min(Value(learner, "ntrees"), Distance / Value(learner, "learn_rate")), Math.Min(Value(learner, "max_leaves"), rows)),
        "DRF" or "XRT" => (Value(learner, "ntrees"), rows / (2 * Value(learner, "min_rows"))),
        _ => (0, 0),
    };

    private static double Hidden(ILearner learner) => Value(learner, "hidden");

    private static double Value(ILearner learner, string option) => Convert.ToDouble(learner.Parameters[option].Actual, CultureInfo.InvariantCulture);
}
