using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>How the cells of one column lie in one group of rows.</summary>
internal enum ChunkEncoding : byte
{
    /// <summary>Nothing is stored: all cells are missing (of a sparse column: zero).</summary>
    Empty,

    /// <summary>float64 each.</summary>
    Numbers,

    /// <summary>uint8, uint16 or int32 each, by the length of the chunk: a level + 1, 0 is missing.</summary>
    Codes,

    /// <summary>int32 length each (-1 is missing), then the UTF-8 of all.</summary>
    Texts,

    /// <summary>int32 row in the group each, then float64 each; other rows hold 0.</summary>
    Sparse,
}

/// <summary>Where a chunk lies, and the first 8 bytes of the SHA-256 of its bytes.</summary>
internal readonly record struct Chunk(ChunkEncoding Encoding, long Offset, int Length, ulong Check)
{
    public static ulong CheckOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <summary>Codes in the narrowest width that holds all levels of the column so far.</summary>
    public static byte[] PackCodes(ReadOnlySpan<int> codes, int levels)
    {
        var width = levels < 255 ? 1 : levels < 65_535 ? 2 : 4;
        var bytes = new byte[codes.Length * width];
        for (var i = 0; i < codes.Length; i++)
        {
            if (width == 1)
                bytes[i] = (byte)(codes[i] + 1);
            else if (width == 2)
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(codes[i] + 1));
            else
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * 4), codes[i] + 1);
        }
        return bytes;
    }

    public static int CodeAt(ReadOnlySpan<byte> bytes, int rows, int row) => (bytes.Length / rows) switch
    {
        1 => bytes[row] - 1,
        2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes[(row * 2)..]) - 1,
        _ => BinaryPrimitives.ReadInt32LittleEndian(bytes[(row * 4)..]) - 1,
    };

    /// <summary>Numbers as they lie in memory: all machines that run this are little-endian, which the writer checks.</summary>
    public static ReadOnlySpan<byte> Raw<T>(ReadOnlySpan<T> values)
        where T : unmanaged => MemoryMarshal.AsBytes(values);
}
