using System.Runtime.InteropServices;

namespace ModelHub.Infrastructure.Natives;

/// <summary>
/// The inputs of a run. Numbers lie in memory that is never moved; a feed can be filled and run again with as many rows, and keeps its
/// tensors of numbers for that.
/// </summary>
internal sealed unsafe class OnnxFeed(OnnxApi api, int count) : IDisposable
{
    private readonly byte[]?[] _rooms = new byte[]?[count];

    public nint[] Values { get; } = new nint[count];

    /// <summary>Its way through a session, from its second run on.</summary>
    public OnnxBinding? Binding { get; set; }

    /// <summary>Where the numbers of an input belong.</summary>
    public Span<T> Room<T>(int input, int type, ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        if (_rooms[input] is { } room)
            return MemoryMarshal.Cast<byte, T>(room.AsSpan());
        var size = sizeof(T);
        foreach (var side in shape)
            size = checked(size * (int)side);
        room = GC.AllocateArray<byte>(size, pinned: true);
        nint value;
        fixed (long* sides = shape)
        fixed (byte* first = room)
            api.Check(((delegate* unmanaged<nint, nint, nuint, long*, nuint, int, nint*, nint>)api[49])(
                api.Memory, (nint)first, (nuint)size, sides, (nuint)shape.Length, type, &value));
        (Values[input], _rooms[input]) = (value, room);
        return MemoryMarshal.Cast<byte, T>(room.AsSpan());
    }

    public void Set(int input, string[] texts, ReadOnlySpan<long> shape)
    {
        nint value;
        fixed (long* sides = shape)
            api.Check(((delegate* unmanaged<nint, long*, nuint, int, nint*, nint>)api[48])(api.Allocator, sides, (nuint)shape.Length, OnnxColumns.Text, &value));
        if (Values[input] != 0)
            api.ReleaseValue(Values[input]);
        Values[input] = value;
        var pins = new GCHandle[texts.Length];
        var pointers = new nint[texts.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            pins[i] = GCHandle.Alloc(OnnxApi.Utf8(texts[i]), GCHandleType.Pinned);
            pointers[i] = pins[i].AddrOfPinnedObject();
        }
        try
        {
            fixed (nint* all = pointers)
                api.Check(((delegate* unmanaged<nint, nint*, nuint, nint>)api[52])(value, all, (nuint)texts.Length));
        }
        finally
        {
            Array.ForEach(pins, p => p.Free());
        }
    }

    public void Dispose()
    {
        Binding?.Dispose();
        for (var i = 0; i < Values.Length; i++)
        {
            if (Values[i] != 0)
                api.ReleaseValue(Values[i]);
            Values[i] = 0;
        }
    }
}
