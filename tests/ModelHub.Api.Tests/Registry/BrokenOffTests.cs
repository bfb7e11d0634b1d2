using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ModelHub.Api.Tests.CustomModels;

namespace ModelHub.Api.Tests.Registry;

/// <summary>Alone, for what is counted is the whole process's.</summary>
[Collection("alone")]
public sealed class BrokenOffTests(RunningHub hub)
{
    private static readonly object Wanted = new { name = "safe", customModelType = "inference", targetType = "Regression", targetName = "y" };

    /// <summary>M9: downloads that are broken off leave no file and no handle behind.</summary>
    [Fact]
    public async Task Downloads_that_are_broken_off_leave_nothing()
    {
        var noise = new byte[6 << 20];
        new Random(9).NextBytes(noise);
        var (model, version) = await hub.ModelAsync(Wanted, ("model.txt", ArtifactSafetyTests.Leaves(1)), ("weights.b64", Convert.ToBase64String(noise)));
        var path = $"/api/v2/customModels/{model}/versions/{version.GetProperty("id").GetString()}/download/";
        await BreakOffAsync(path); // what is opened once and kept is no leak
        var before = Handles();
        for (var i = 0; i < 40; i++)
            await BreakOffAsync(path);
        await HubSteps.UntilAsync(() => Task.FromResult(JsonSerializer.SerializeToElement(Handles())), now => now.GetInt32() <= before + 5);
        Assert.Empty(Directory.GetFiles(Path.Combine(hub.Folder, "artifacts", "tmp")));
        Assert.True((await hub.Client.GetByteArrayAsync(path)).Length > noise.Length);
    }

    private static int Handles() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private async Task BreakOffAsync(string path)
    {
        var address = hub.Client.BaseAddress!;
        using var client = new TcpClient { LingerState = new LingerOption(enable: true, seconds: 0) };
        await client.ConnectAsync(address.Host, address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {RunningHub.Key}\r\n\r\n"));
        await stream.ReadExactlyAsync(new byte[4096]);
    }
}
