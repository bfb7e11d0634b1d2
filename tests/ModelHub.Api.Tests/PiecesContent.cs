using System.Net;
using System.Text;

namespace ModelHub.Api.Tests;

/// <summary>A body of megabytes that are made as they are sent, their number not announced.</summary>
internal sealed class PiecesContent(int megabytes, char filling = '\0', string start = "") : HttpContent
{
    private const int PiecesPerMegabyte = 16;
    private readonly byte[] _piece = [.. Enumerable.Repeat((byte)filling, (1 << 20) / PiecesPerMegabyte)];

    /// <summary>Megabytes that were taken from it.</summary>
    public int Sent { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(start));
        for (var i = 0; i < megabytes * PiecesPerMegabyte; i++)
        {
            await stream.WriteAsync(_piece);
            Sent = (i + 1) / PiecesPerMegabyte;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
