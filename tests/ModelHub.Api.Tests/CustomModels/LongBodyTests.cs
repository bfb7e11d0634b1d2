using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>Alone, for what is measured is the whole process's.</summary>
[Collection("alone")]
public sealed class LongBodyTests(RunningHub hub)
{
    [Fact]
    public async Task Bodies_in_chunks_are_counted_and_long_ones_are_not_kept_in_memory()
    {
        // U4: 200 MB in pieces go to disk; the process grows by a fraction of them.
        var wanted = new { name = "long", customModelType = "inference", targetType = "Regression", targetName = "y" };
        var model = (await HubSteps.Sent(hub.Client.PostAsJsonAsync("/api/v2/customModels/", wanted))).GetProperty("id").GetString();
        var before = Process.GetCurrentProcess().WorkingSet64;
        using var form = new MultipartFormDataContent { { new StringContent("true"), "isMajorUpdate" }, { new StringContent("000000000000000000000b01"), "baseEnvironmentId" } };
        form.Add(new PiecesContent(200), "file", "file");
        form.Add(new StringContent("weights.bin"), "filePath");
        var most = 0L;
        using var watched = new Timer(_ => most = Math.Max(most, Process.GetCurrentProcess().WorkingSet64), null, 0, 20);
        await HubSteps.Sent(hub.Client.PostAsync($"/api/v2/customModels/{model}/versions/", form));
        Assert.InRange(most - before, long.MinValue, 128L << 20);
    }

    /// <summary>Megabytes that are made as they are sent, their number not announced.</summary>
    private sealed class PiecesContent(int megabytes) : HttpContent
    {
        private static readonly byte[] Piece = new byte[1 << 20];

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var i = 0; i < megabytes; i++)
                await stream.WriteAsync(Piece);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
