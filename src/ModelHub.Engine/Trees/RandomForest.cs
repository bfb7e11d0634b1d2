using ModelHub.Engine.Data;

namespace ModelHub.Engine.Trees;

/// <summary>Averaged trees on drawn rows and, per node, drawn features (Breiman 2001). Classification averages class shares.</summary>
public sealed class RandomForest(ForestOptions options) : ILearner
{
    public RandomForest()
        : this(new ForestOptions())
    {
    }

    public string Algorithm => "DRF";

    public IReadOnlyDictionary<string, HyperParameter> Parameters => options.Describe();

    /// <exception cref="EngineException">Options or data that cannot be learned from.</exception>
    public IModel Fit(TrainingSet set, FitContext context) => new AveragedTrees(set, options, randomCuts: false, context).Fit();
}
