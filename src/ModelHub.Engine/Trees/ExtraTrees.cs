using ModelHub.Engine.Data;

namespace ModelHub.Engine.Trees;

/// <summary>A forest that draws one cut per feature and takes the best of these (Geurts, Ernst and Wehenkel 2006), here among the bins.</summary>
public sealed class ExtraTrees(ForestOptions options) : ILearner
{
    public ExtraTrees()
        : this(new ForestOptions { SampleRate = 1 })
    {
    }

    public string Algorithm => "XRT";

    public IReadOnlyDictionary<string, HyperParameter> Parameters => options.Describe();

    /// <exception cref="EngineException">Options or data that cannot be learned from.</exception>
    public IModel Fit(TrainingSet set, FitContext context) => new AveragedTrees(set, options, randomCuts: true, context).Fit();
}
