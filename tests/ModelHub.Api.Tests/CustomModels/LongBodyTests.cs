using System.Diagnostics;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Alone, for what is measured is the whole process's: the hub's and, in the same process, its clients'.</summary>
[Collection("alone")]
public sealed class LongBodyTests(RunningHub hub)
{
    private const long MostGrowth = 64L << 20;
    private static readonly object Wanted = new { name = "long", customModelType = "inference", targetType = "Regression", targetName = "y" };

    [Fact]
    public async Task Bodies_in_chunks_are_counted_and_long_ones_are_not_kept_in_memory()
    {
        // U4: 200 MB in pieces go to disk; the process grows by a fraction of them.
        await SendAsync(1);
        Assert.InRange(await GrowthAsync(() => SendAsync(200)), long.MinValue, MostGrowth);
    }

    [Fact]
    public async Task Many_long_bodies_at_once_are_not_kept_in_memory_either()
    {
        // U5
        await SendAsync(1);
        Assert.InRange(await GrowthAsync(() => Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(20)))), long.MinValue, MostGrowth);
    }

    /// <summary>How much more of memory was in use at any moment than at the beginning.</summary>
    private static async Task<long> GrowthAsync(Func<Task> work)
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        var before = process.WorkingSet64;
        var most = before;
        await using (new Timer(
            _ =>
            {
                process.Refresh();
                most = Math.Max(most, process.WorkingSet64);
            },
            null, 0, 20))
        {
            await work();
        }
        return most - before;
    }

    private async Task SendAsync(int megabytes)
    {
        var (model, _) = await hub.ModelAsync(Wanted, ("custom.py", ""));
        using var form = new MultipartFormDataContent { { new StringContent("true"), "isMajorUpdate" }, { new StringContent(ContractPaths.BuiltIn), "baseEnvironmentId" } };
        form.Add(new PiecesContent(megabytes), "file", "file");
        form.Add(new StringContent("weights.bin"), "filePath");
        await HubSteps.Sent(hub.Client.PostAsync($"/api/v2/customModels/{model}/versions/", form));
    }
}
