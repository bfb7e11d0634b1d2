namespace ModelHub.Engine.Search;

/// <summary>One option that is tuned, between two bounds; on a logarithmic scale where its size counts by factors.</summary>
internal sealed record Dimension(string Name, double Low, double High, bool IsLogarithmic)
{
    /// <summary>The value at a place from 0 to 1.</summary>
    public double At(double place) => IsLogarithmic
        ? Low * Numerics.Elementary.Exp(Math.Clamp(place, 0, 1) * Numerics.Elementary.Log(High / Low)) : Low + Math.Clamp(place, 0, 1) * (High - Low);

    public double Place(double value) => Math.Clamp(
        IsLogarithmic ? Numerics.Elementary.Log(value / Low) / Numerics.Elementary.Log(High / Low) : (value - Low) / (High - Low), 0, 1);
}

/// <summary>The options of one algorithm that are tuned, and how a learner is made of them.</summary>
internal sealed class SearchSpace(string algorithm, IReadOnlyList<Dimension> dimensions, Func<Func<string, double>, ILearner> make)
{
    public string Algorithm { get; } = algorithm;

    public IReadOnlyList<Dimension> Dimensions { get; } = dimensions;

    /// <summary>The learner at a point of the unit cube.</summary>
    public Configuration At(double[] point) =>
        new(make(name => Dimensions.Select((d, i) => (d, i)).First(p => p.d.Name == name) is var (d, i) ? d.At(point[i]) : 0), this, point);

    /// <summary>The learner with these values, in the order of the dimensions.</summary>
    public Configuration With(params double[] values) => At([.. Dimensions.Select((d, i) => d.Place(values[i]))]);
}

/// <summary>A learner, and where it lies in the space that it can be tuned in.</summary>
internal sealed record Configuration(ILearner Learner, SearchSpace? Space = null, double[]? Point = null);
