using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelHub.Engine.Serialization;

/// <summary>Reads hostile bytes: every length is held against what is left before anything is allocated.</summary>
internal sealed class ArtifactReader(ReadOnlyMemory<byte> bytes)
{
    private int _at;

    public int Left => bytes.Length - _at;

    public byte ReadByte() => Take(1)[0];

    public int ReadInt() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(8));

    /// <summary>A number from 0 to <paramref name="most"/>.</summary>
    public int ReadCount(int most) => ReadInt() is >= 0 and var count && count <= most ? count : throw Broken();

    public unsafe T[] ReadArray<T>()
        where T : unmanaged
    {
        var count = ReadInt();
        if (count < 0 || (long)count * sizeof(T) > Left)
            throw Broken();
        return MemoryMarshal.Cast<byte, T>(Take(count * sizeof(T))).ToArray();
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > Left)
            throw Broken();
        var taken = bytes.Span.Slice(_at, count);
        _at += count;
        return taken;
    }

    private static EngineException Broken() => new("The artifact is cut short or broken.");
}
