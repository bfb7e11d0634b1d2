using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Networks;

/// <summary>Options of <see cref="NeuralNetwork"/>.</summary>
public sealed record NetworkOptions
{
    public static NetworkOptions Default { get; } = new();

    /// <summary>Units of the two hidden layers.</summary>
    public int Hidden { get; init; } = 128;

    public int Epochs { get; init; } = 60;

    /// <summary>Epochs without a better validation loss after which training stops; 0 never stops.</summary>
    public int StoppingRounds { get; init; } = 10;

    /// <summary>Rows per step; 0 chooses by the number of rows.</summary>
    public int BatchSize { get; init; }

    public double LearnRate { get; init; } = 0.002;

    /// <summary>Share of the hidden units that a step leaves out.</summary>
    public double Dropout { get; init; } = 0.1;

    public double WeightDecay { get; init; } = 0.01;

    /// <exception cref="EngineException">An option out of its range; the message names it.</exception>
    public void Validate()
    {
        BoostingOptions.Range("hidden", Hidden, 1, 4096);
        BoostingOptions.Range("epochs", Epochs, 1, 100_000);
        BoostingOptions.Range("stopping_rounds", StoppingRounds, 0, 100_000);
        BoostingOptions.Range("batch_size", BatchSize, 0, 65_536);
        BoostingOptions.Range("learn_rate", LearnRate, 1e-7, 1);
        BoostingOptions.Range("dropout", Dropout, 0, 0.9);
        BoostingOptions.Range("weight_decay", WeightDecay, 0, 10);
    }

    public IReadOnlyDictionary<string, HyperParameter> Describe() => new Dictionary<string, HyperParameter>(StringComparer.Ordinal)
    {
        ["hidden"] = new(Default.Hidden, Hidden),
        ["epochs"] = new(Default.Epochs, Epochs),
        ["stopping_rounds"] = new(Default.StoppingRounds, StoppingRounds),
        ["batch_size"] = new(Default.BatchSize, BatchSize),
        ["learn_rate"] = new(Default.LearnRate, LearnRate),
        ["dropout"] = new(Default.Dropout, Dropout),
        ["weight_decay"] = new(Default.WeightDecay, WeightDecay),
    };
}
