using System.Buffers;
using System.Runtime.CompilerServices;

namespace ModelHub.Application.Scoring;

/// <summary>Writes many small pieces of text into a buffer, which is asked for room only now and then. Ends with <see cref="Flush"/>.</summary>
public ref struct Utf8Pen(IBufferWriter<byte> output)
{
    private const int Room = 4096;
    private static readonly SearchValues<byte> Special = SearchValues.Create(",\"\r\n"u8);
    private Span<byte> _room;
    private int _used;

    public void Write(byte character)
    {
        if (_used == _room.Length)
            MakeRoom(1);
        _room[_used++] = character;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ReadOnlySpan<byte> text)
    {
        if (_room.Length - _used < text.Length)
            MakeRoom(text.Length);
        text.CopyTo(_room[_used..]);
        _used += text.Length;
    }

    /// <summary>In the shortest form that reads back to the same bits.</summary>
    public void Write(double value)
    {
        if (_room.Length - _used < ShortestDecimal.Longest)
            MakeRoom(ShortestDecimal.Longest);
        _used += ShortestDecimal.Write(value, _room[_used..]);
    }

    /// <summary>As a cell of a CSV (RFC 4180): in quotes where it has to be.</summary>
    public void WriteCell(ReadOnlySpan<byte> text)
    {
        if (text.IndexOfAny(Special) < 0)
        {
            Write(text);
            return;
        }
        Write((byte)'"');
        for (var quote = text.IndexOf((byte)'"'); quote >= 0; quote = text.IndexOf((byte)'"'))
        {
            Write(text[..(quote + 1)]);
            Write((byte)'"');
            text = text[(quote + 1)..];
        }
        Write(text);
        Write((byte)'"');
    }

    public void Flush()
    {
        if (_used > 0) // to none that was asked for Kestrel objects once an answer has begun
            output.Advance(_used);
        _room = [];
        _used = 0;
    }

    private void MakeRoom(int needed)
    {
        Flush();
        _room = output.GetSpan(Math.Max(Room, needed));
    }
}
