using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Search;
using ModelHub.Engine.Tests.Inference;

namespace ModelHub.Engine.Tests.Search;

public sealed class RowTimeTests
{
    private static readonly RandomForests Shape = new() { Trees = 20, Leaves = 16, Cardinalities = [0, 0, 5] };

    [Fact]
    public void PartsAreLeftOutUntilTheRestIsFastEnough()
    {
        (Member, double)[] members = [(Of(1, 5), 0.7), (Of(2, 5), 0.3)];
        var all = members.Sum(m => m.Item1.PartCost * 5);
        Assert.Equal([5, 5], Counts(RowTime.Thin(members, all)));
        var some = RowTime.Thin(members, all / 2);
        Assert.InRange(some.Sum(ScoringCost.Of), 0, all / 2);
        // What weighs more keeps more of its parts.
        Assert.True(Counts(some)[0] > Counts(some)[1]);
        Assert.Equal([1, 1], Counts(RowTime.Thin(members, 0)));
        // Each begins at another fold.
        Assert.Same(members[0].Item1.Parts[0], RowTime.Thin(members, 0)[0]);
        Assert.Same(members[1].Item1.Parts[1], RowTime.Thin(members, 0)[1]);
    }

    [Fact]
    public void ALimitIsInTheMicrosecondsThatWereMeasured()
    {
        Member[] members = [Of(1, 2) with { MicrosPerRow = 30 }, Of(2, 2) with { MicrosPerRow = 10 }];
        var counted = members.Sum(m => 2 * m.PartCost);
        Assert.Equal(counted / 2, RowTime.Most(members, 20), 9);
        Assert.Equal(RowTime.Most(members, null), RowTime.Most([members[0]], null));
    }

    [Fact]
    public void WhatIsCountedGrowsWithTheModel()
    {
        Assert.True(ScoringCost.Of(Shape.Draw(1)) < ScoringCost.Of((Shape with { Trees = 40 }).Draw(1)));
        Assert.Equal(2 * ScoringCost.Of(Shape.Draw(1)), ScoringCost.Of(Blend.Mean([Shape.Draw(1), Shape.Draw(1)])), 9);
    }

    private static Member Of(ulong seed, int parts) =>
        new((int)seed, "m" + seed, [.. Enumerable.Range(0, parts).Select(p => Shape.Draw(seed * 10 + (ulong)p))], [], 0, 0, "");

    private static int[] Counts(IReadOnlyList<IModel> models) => [.. models.Select(m => m is Blend blend ? blend.Members.Count : 1)];
}
