using System.Runtime.InteropServices;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>Texts one after the other; a missing one has no length.</summary>
internal sealed class TextBuffer
{
    private byte[] _bytes = [];
    private int[] _lengths = [];
    private int[] _starts = [];
    private int _end;

    public int Count { get; private set; }

    public bool HasText => _end > 0;

    public ReadOnlySpan<byte> this[int at] => _bytes.AsSpan(_starts[at], Math.Max(0, _lengths[at]));

    public void Add(ReadOnlySpan<byte> text)
    {
        Place(text.Length);
        if (_end + text.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(64, Math.Max(_end + text.Length, (int)Math.Min(Array.MaxLength, _bytes.Length * 2L))));
        text.CopyTo(_bytes.AsSpan(_end));
        _end += text.Length;
    }

    public void AddMissing() => Place(-1);

    public byte[] ToBytes() => [.. MemoryMarshal.AsBytes(_lengths.AsSpan(0, Count)), .. _bytes.AsSpan(0, _end)];

    private void Place(int length)
    {
        if (Count == _lengths.Length)
        {
            Array.Resize(ref _lengths, Math.Max(16, Count * 2));
            Array.Resize(ref _starts, _lengths.Length);
        }
        _starts[Count] = _end;
        _lengths[Count++] = length;
    }
}
