using System.Numerics;
using System.Runtime.Intrinsics;

namespace ModelHub.Application.Scoring;

/// <summary>Finds where cells stop - delimiters and line ends - 64 bytes at a time, and remembers those that were found.</summary>
internal ref struct CellStops(ReadOnlySpan<byte> text, byte delimiter)
{
    private const int Window = 64;
    private readonly ReadOnlySpan<byte> _text = text;
    private readonly Vector256<byte> _delimiter = Vector256.Create(delimiter);
    private int _from = -Window;
    private ulong _stops;

    /// <summary>The first stop at a place or behind it; the text's length when there is none.</summary>
    public int Next(int at)
    {
        var passed = at - _from;
        if (passed < Window)
        {
            var left = _stops >> passed;
            if (left != 0)
                return at + BitOperations.TrailingZeroCount(left);
            at = _from + Window;
        }
        return Search(at);
    }

    private int Search(int at)
    {
        for (; at + Window <= _text.Length; at += Window)
        {
            _stops = StopsIn(Vector256.Create(_text[at..])) | ((ulong)StopsIn(Vector256.Create(_text[(at + Window / 2)..])) << 32);
            _from = at;
            if (_stops != 0)
                return at + BitOperations.TrailingZeroCount(_stops);
        }
        var rest = _text[at..].IndexOfAny(_delimiter[0], (byte)'\n', (byte)'\r');
        return rest < 0 ? _text.Length : at + rest;
    }

    private readonly uint StopsIn(Vector256<byte> bytes) =>
        (Vector256.Equals(bytes, _delimiter) | Vector256.Equals(bytes, Vector256.Create((byte)'\n')) | Vector256.Equals(bytes, Vector256.Create((byte)'\r')))
        .ExtractMostSignificantBits();
}
