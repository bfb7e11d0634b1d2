namespace ModelHub.Engine.Trees;

/// <summary>Options of <see cref="RandomForest"/> and <see cref="ExtraTrees"/>.</summary>
public sealed record ForestOptions
{
    public static ForestOptions Default { get; } = new();

    public int Trees { get; init; } = 100;

    /// <summary>0 for no limit.</summary>
    public int MaxDepth { get; init; } = 20;

    public int MaxBins { get; init; } = 255;

    public int MinRows { get; init; } = 1;

    public double MinSplitGain { get; init; }

    /// <summary>Share of rows that a tree learns from, drawn without replacement.</summary>
    public double SampleRate { get; init; } = 0.632;

    /// <summary>Share of features that a node looks at; 0 takes their square root for classes and a third for values.</summary>
    public double ColumnSampleRatePerNode { get; init; }

    public double CategorySmoothing { get; init; } = 1;

    /// <exception cref="EngineException">An option out of its range; the message names it.</exception>
    public void Validate()
    {
        BoostingOptions.Range("ntrees", Trees, 1, 100_000);
        BoostingOptions.Range("max_depth", MaxDepth, 0, 1000);
        BoostingOptions.Range("nbins", MaxBins, 2, 255);
        BoostingOptions.Range("min_rows", MinRows, 1, int.MaxValue);
        BoostingOptions.Range("min_split_gain", MinSplitGain, 0, 1e30);
        BoostingOptions.Range("sample_rate", SampleRate, 1e-4, 1);
        BoostingOptions.Range("col_sample_rate_per_node", ColumnSampleRatePerNode, 0, 1);
        BoostingOptions.Range("category_smoothing", CategorySmoothing, 0, 1e9);
    }

    public IReadOnlyDictionary<string, HyperParameter> Describe() => new Dictionary<string, HyperParameter>(StringComparer.Ordinal)
    {
        ["ntrees"] = new(Default.Trees, Trees),
        ["max_depth"] = new(Default.MaxDepth, MaxDepth),
        ["nbins"] = new(Default.MaxBins, MaxBins),
        ["min_rows"] = new(Default.MinRows, MinRows),
        ["min_split_gain"] = new(Default.MinSplitGain, MinSplitGain),
        ["sample_rate"] = new(Default.SampleRate, SampleRate),
        ["col_sample_rate_per_node"] = new(Default.ColumnSampleRatePerNode, ColumnSampleRatePerNode),
        ["category_smoothing"] = new(Default.CategorySmoothing, CategorySmoothing),
    };
}
