using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Tests.Numerics;

public class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Everything_is_done_once(int size)
    {
        using var team = new ThreadTeam(size);
        for (var round = 0; round < 200; round++)
        {
            var counts = new int[50];
            team.For(50, (i, _) => Interlocked.Increment(ref counts[i]));
            team.Blocks(50, 8, (from, to) =>
            {
                for (var i = from; i < to; i++)
                    Interlocked.Increment(ref counts[i]);
            });
            team.Split(50, 1, (from, to) =>
            {
                for (var i = from; i < to; i++)
                    Interlocked.Increment(ref counts[i]);
            });
            Assert.All(counts, count => Assert.Equal(3, count));
        }
    }

    [Fact]
    public void Sleeping_members_wake_up()
    {
        using var team = new ThreadTeam(3);
        for (var round = 0; round < 5; round++)
        {
            var sum = 0;
            team.Run(member => Interlocked.Add(ref sum, member + 1));
            Assert.Equal(6, sum);
            Thread.Sleep(20);
        }
    }

    [Fact]
    public void A_failure_comes_to_the_caller_and_the_team_goes_on()
    {
        using var team = new ThreadTeam(3);
        Assert.Throws<EngineException>(() => team.Run(member => throw (member == 2 ? new EngineException("no") : new EngineException("neither"))));
        var sum = 0;
        team.Run(_ => Interlocked.Increment(ref sum));
        Assert.Equal(3, sum);
    }
}
