using ModelHub.Api.Hosting;

namespace ModelHub.Api.Tests.Hosting;

public sealed class ReceiveBlocksTests
{
    [Fact]
    public void Blocks_are_used_again_and_never_by_two_at_once()
    {
        using var pool = new ReceiveBlocks();
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(pool.MaxBufferSize + 1));
        var held = Enumerable.Range(0, 2000).Select(_ => pool.Rent(4096)).ToList();
        Assert.All(held, b => Assert.Equal(pool.MaxBufferSize, b.Memory.Length));
        Assert.Equal(held.Count, held.Distinct().Count());
        held.ForEach(b => b.Dispose());
        var again = Enumerable.Range(0, 2000).Select(_ => pool.Rent()).ToList();
        Assert.Equal(again.Count, again.Distinct().Count());
        Assert.InRange(again.Intersect(held).Count(), 1, 1999); // some are kept, not all that were ever needed
    }
}
