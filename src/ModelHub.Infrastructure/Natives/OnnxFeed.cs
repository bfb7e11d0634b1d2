using System.Runtime.InteropServices;

namespace ModelHub.Infrastructure.Natives;

/// <summary>The inputs of one run. Numbers stay where they are and are pinned until it is disposed.</summary>
internal sealed unsafe class OnnxFeed(OnnxApi api, int count) : IDisposable
{
    private readonly List<GCHandle> _pins = [];

    public nint[] Values { get; } = new nint[count];

    public void Set<T>(int input, T[] values, int type, ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        var pin = GCHandle.Alloc(values, GCHandleType.Pinned);
        _pins.Add(pin);
        nint value;
        fixed (long* sides = shape)
            api.Check(((delegate* unmanaged<nint, nint, nuint, long*, nuint, int, nint*, nint>)api[49])(
                api.Memory, pin.AddrOfPinnedObject(), (nuint)(values.Length * sizeof(T)), sides, (nuint)shape.Length, type, &value));
        Values[input] = value;
    }

    public void Set(int input, string[] texts, ReadOnlySpan<long> shape)
    {
        nint value;
        fixed (long* sides = shape)
            api.Check(((delegate* unmanaged<nint, long*, nuint, int, nint*, nint>)api[48])(api.Allocator, sides, (nuint)shape.Length, OnnxColumns.Text, &value));
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
        foreach (var value in Values.Where(v => v != 0))
            api.ReleaseValue(value);
        _pins.ForEach(p => p.Free());
    }
}
