namespace ModelHub.Engine.Search;

/// <summary>
/// The time that an ensemble may take per row. A member is the mean of its folds' models, each of which stands for all that was measured of it;
/// the mean of all is steadier, that of fewer is faster. Counted by <see cref="Inference.ScoringCost"/>, so that the same models are left out everywhere.
/// </summary>
internal static class RowTime
{
    /// <summary>Counted microseconds of an ensemble unless there is a limit: what a service can give many rows in one request.</summary>
    private const double Usual = 40;

    /// <summary>Counted microseconds that an ensemble may take. A limit is in measured ones: how far the members' are from counted ones is known.</summary>
    public static double Most(IReadOnlyList<Member> members, double? limit)
    {
        if (limit is not { } micros)
            return Usual;
        var counted = members.Sum(m => m.PartCost * m.Parts.Count);
        return counted > 0 && members.Sum(m => m.MicrosPerRow ?? 0) is > 0 and var measured ? micros * counted / measured : micros;
    }

    /// <summary>The least that members can be made to take.</summary>
    public static double Least(IEnumerable<Member> members) => members.Sum(m => m.PartCost);

    /// <summary>
    /// The models that members are scored by: parts are left out, where it saves most for what it costs in variance (weight² / parts), until
    /// the rest takes no longer than it may, or every member has one. What is left begins at another fold for each, so that all rows have a say.
    /// </summary>
    public static IReadOnlyList<IModel> Thin(IReadOnlyList<(Member Member, double Weight)> members, double most)
    {
        int[] counts = [.. members.Select(m => m.Member.Parts.Count)];
        double Total() => members.Select((m, i) => m.Member.PartCost * counts[i]).Sum();
        double Saved(int i) => members[i].Member.PartCost * counts[i] * (counts[i] - 1) / (members[i].Weight * members[i].Weight);
        while (Total() > most && counts.Any(c => c > 1))
            counts[Enumerable.Range(0, counts.Length).Where(i => counts[i] > 1).MaxBy(Saved)]--;
        return [.. members.Select((m, i) => m.Member.Of(counts[i], i))];
    }
}
