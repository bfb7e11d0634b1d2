using System.Text;

namespace ModelHub.Api.Tests.Deployments;

/// <summary>What deployments leave of themselves in memory.</summary>
[Collection("alone")]
public sealed class DeploymentMemoryTests(RunningHub hub)
{
    /// <summary>R2.</summary>
    [Fact]
    public async Task Deployments_that_come_and_go_leave_no_memory_behind()
    {
        var made = await Leaderboards.OfAsync(hub, "binary");
        for (var i = 0; i < 20; i++)
            await CycleAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 100; i++)
            await CycleAsync();
        // 500 cycles may leave 50 MB (reliability case R2), so these may leave a fifth of that.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 10 << 20);

        async Task CycleAsync()
        {
            var id = await Leaderboards.DeployAsync(hub, made.BestId);
            (await hub.Client.PostAsync($"/deployments/{id}/predictions", new StringContent(made.Csv(5), Encoding.UTF8, "text/csv"))).EnsureSuccessStatusCode();
            (await hub.Client.DeleteAsync($"/api/deployments/{id}")).EnsureSuccessStatusCode();
        }
    }
}
