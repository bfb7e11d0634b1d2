using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ModelHub.Tests.Shared;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>A hub whose disk is full (U12): it says so, goes on reading, and takes uploads again as soon as there is room.</summary>
public sealed class FullDiskTests : IAsyncLifetime
{
    private readonly RunningHub _hub = new();
    private SmallDisk? _disk;

    private string Store => Path.Combine(_hub.Folder, "artifacts");

    public Task InitializeAsync()
    {
        _disk = new SmallDisk(Store, "size=8m,nr_inodes=200");
        return _hub.InitializeAsync();
    }

    public Task DisposeAsync()
    {
        _disk?.Dispose();
        return _hub.DisposeAsync();
    }

    [SmallDiskFact]
    public async Task Uploads_are_refused_while_it_is_full_and_reading_goes_on()
    {
        var wanted = new { name = "full", customModelType = "inference", targetType = "Regression", targetName = "y" };
        var (model, kept) = await _hub.ModelAsync(wanted, ("kept.txt", new string('k', 1 << 20)));
        var versions = $"/api/v2/customModels/{model}/versions/";
        var ballast = Path.Combine(Store, "ballast");
        for (var room = 0; room <= 3; room++)
        {
            // Full after one megabyte of the three that come, one and a half, two, two and a half.
            await File.WriteAllBytesAsync(ballast, new byte[(6 << 20) - (room << 19)]);
            await RefusedAsync(versions, room);
            Assert.Equal(HttpStatusCode.OK, (await _hub.Client.GetAsync($"{versions}{kept.GetProperty("id").GetString()}/download/")).StatusCode);
        }
        File.Delete(ballast);
        await HubSteps.Sent(_hub.Client.PostAsync(versions, Version('a')));

        // Bytes there are, but no more files.
        var files = Directory.CreateDirectory(Path.Combine(Store, "many"));
        Assert.Throws<IOException>(() =>
        {
            for (var i = 0; i < 1000; i++)
                File.WriteAllBytes(Path.Combine(files.FullName, $"{i}"), []);
        });
        await RefusedAsync(versions, 9);
        files.Delete(recursive: true);
        await HubSteps.Sent(_hub.Client.PostAsync(versions, Version('b')));
        Assert.Equal(3, (await _hub.Client.GetFromJsonAsync<JsonElement>(versions)).GetProperty("totalCount").GetInt32());
    }

    private async Task RefusedAsync(string versions, int turn)
    {
        using var answer = await _hub.Client.PostAsync(versions, Version((char)('0' + turn)));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("storage is full", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Empty(Directory.GetFiles(Path.Combine(Store, "tmp")));
    }

    private static MultipartFormDataContent Version(char letter) => Upload.Version(ContractPaths.BuiltIn, ("weights.bin", new string(letter, 3 << 20)));
}
