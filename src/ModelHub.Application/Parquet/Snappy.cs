using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelHub.Application.Parquet;

/// <summary>Snappy's raw form (its specification: google/snappy, format_description.txt): texts as they are, and copies of what stands before them.</summary>
internal static class Snappy
{
    /// <summary>Unpacks all into the beginning of <paramref name="to"/>, which has <see cref="BackCopy.Slack"/> bytes more than that is.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged, or are not that many when they are unpacked.</exception>
    public static void Unpack(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var end = to.Length - BackCopy.Slack;
        if (HybridRuns.Varint(ref from) != end)
            throw new InvalidDataException();
        var (at, next) = (0, 0);
        ref var input = ref MemoryMarshal.GetReference(from);
        ref var output = ref MemoryMarshal.GetReference(to);
        while (next < from.Length)
        {
            int tag = from[next++];
            int length;
            if ((tag & 3) == 0)
            {
                length = (tag >> 2) + 1;
                if (length <= 16 && from.Length - next >= 16 && end - at >= length)
                {
                    BackCopy.Move16(ref input, next, ref output, at);
                }
                else
                {
                    if (length > 60)
                        length = LongLength(from, ref next, length - 60);
                    if (length > end - at || length > from.Length - next)
                        throw new InvalidDataException();
                    from.Slice(next, length).CopyTo(to[at..]);
                }
                next += length;
                at += length;
                continue;
            }
            var width = (tag & 3) == 3 ? 4 : tag & 3;
            if (from.Length - next < width)
                throw new InvalidDataException();
            long back;
            if (width == 1)
            {
                length = (tag >> 2 & 7) + 4;
                back = (tag >> 5 << 8) + from[next];
            }
            else
            {
                length = (tag >> 2) + 1;
                back = width == 2 ? Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref input, next)) : Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref input, next));
            }
            next += width;
            if (back == 0 || back > at || length > end - at)
                throw new InvalidDataException();
            BackCopy.Copy(to, at, (int)back, length);
            at += length;
        }
        if (at != end)
            throw new InvalidDataException();
    }

    private static int LongLength(ReadOnlySpan<byte> from, ref int next, int width)
    {
        if (from.Length - next < width)
            throw new InvalidDataException();
        var length = 0L;
        for (var i = 0; i < width; i++)
            length |= (long)from[next++] << 8 * i;
        return length < int.MaxValue ? (int)length + 1 : throw new InvalidDataException();
    }
}
