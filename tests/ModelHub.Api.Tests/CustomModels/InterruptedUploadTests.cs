using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Uploads that never come whole (U1, U3): nothing of them is seen, nothing of them stays, and the next one works.</summary>
[Collection("others models")]
public sealed class InterruptedUploadTests(RunningHub hub)
{
    private const int Bytes = 4 << 20;
    private static readonly object Wanted = new { name = "cut", customModelType = "inference", targetType = "Regression", targetName = "y" };

    [Theory]
    [InlineData(0.01, true)]
    [InlineData(0.5, true)]
    [InlineData(0.99, true)]
    [InlineData(0.5, false)]
    public async Task What_was_cut_off_leaves_nothing(double share, bool reset)
    {
        var model = (await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModels/", Wanted))).GetProperty("id").GetString()!;
        var versions = $"/api/v2/customModels/{model}/versions/";
        for (var i = 0; i < 5; i++)
            await CutAsync(versions, share, reset);
        await HubSteps.UntilAsync(() => Task.FromResult(JsonSerializer.SerializeToElement(Temporary())), left => left.GetInt32() == 0);
        Assert.Equal(0, (await hub.Client.GetFromJsonAsync<JsonElement>(versions)).GetProperty("totalCount").GetInt32());
        await HubSteps.Sent(hub.Client.PostAsync(versions, Upload.Version(ContractPaths.BuiltIn, ("weights.bin", new string('w', 1 << 20)))));
    }

    private int Temporary() => Directory.GetFiles(Path.Combine(hub.Folder, "artifacts", "tmp")).Length;

    private async Task CutAsync(string path, double share, bool reset)
    {
        var address = hub.Client.BaseAddress!;
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address.Host, address.Port);
        if (reset)
            client.LingerState = new LingerOption(enable: true, seconds: 0);
        var part = "--b\r\nContent-Disposition: form-data; name=\"isMajorUpdate\"\r\n\r\ntrue\r\n--b\r\nContent-Disposition: form-data; name=\"baseEnvironmentId\"\r\n\r\n"
            + ContractPaths.BuiltIn + "\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"weights.bin\"\r\n\r\n";
        var body = Encoding.ASCII.GetBytes(part + new string('w', Bytes) + "\r\n--b--\r\n");
        var head = $"POST {path} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {RunningHub.Key}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {body.Length}\r\n\r\n";
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(body.AsMemory(0, (int)(body.Length * share)));
        await stream.FlushAsync();
    }
}
