using System.IO.Compression;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Serialization;

/// <summary>
/// A forest's trees as they are stored, deflated to a third: for what has another form to score with, and needs them only when it is
/// explained, exported or stored. Immutable and thread-safe.
/// </summary>
internal sealed class PackedForest
{
    private readonly byte[] _bytes;
    private readonly WeakReference<Forest> _unpacked = new(null!);

    public PackedForest(Forest forest)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        using (var writer = new BinaryWriter(deflate))
            ModelCodec.Write(writer, forest);
        _bytes = packed.ToArray();
    }

    /// <summary>The trees; the same ones as before while somebody has them.</summary>
    public Forest Unpack()
    {
        lock (_unpacked)
        {
            if (_unpacked.TryGetTarget(out var known))
                return known;
            using var deflate = new DeflateStream(new MemoryStream(_bytes), CompressionMode.Decompress);
            using var bytes = new MemoryStream();
            deflate.CopyTo(bytes);
            var forest = (Forest)ModelCodec.Read(new ArtifactReader(bytes.GetBuffer().AsMemory(0, (int)bytes.Length)));
            _unpacked.SetTarget(forest);
            return forest;
        }
    }
}
