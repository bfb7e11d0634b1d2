using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Neighbours;

/// <summary>Options of <see cref="NearestNeighbours"/>.</summary>
public sealed record NeighbourOptions
{
    public static NeighbourOptions Default { get; } = new();

    /// <summary>Rows that are asked; fewer where there are fewer.</summary>
    public int Neighbours { get; init; } = 20;

    public const int MostNeighbours = 1000;

    /// <exception cref="EngineException">An option out of its range; the message names it.</exception>
    public void Validate() => BoostingOptions.Range("neighbours", Neighbours, 1, MostNeighbours);

    public IReadOnlyDictionary<string, HyperParameter> Describe() => new Dictionary<string, HyperParameter>(StringComparer.Ordinal)
    {
        ["neighbours"] = new(Default.Neighbours, Neighbours),
        ["weights"] = new("distance", "distance"),
    };
}
