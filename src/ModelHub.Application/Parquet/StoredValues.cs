using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelHub.Application.Parquet;

/// <summary>Values as they lie in pages (Parquet's Encodings.md: PLAIN) into cells.</summary>
internal static class StoredValues
{
    /// <summary>Of fixed width, from the one numbered <paramref name="first"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not as many.</exception>
    public static void Read(StoredColumn column, ReadOnlySpan<byte> from, int first, int count, Span<byte> to)
    {
        if (column.Stored == Stored.Bits)
        {
            for (var i = 0; i < count; i++)
                to[i] = (byte)(from[(first + i) >> 3] >> ((first + i) & 7) & 1);
            return;
        }
        from = from.Slice(checked(first * column.Width), count * column.Width);
        var narrow = MemoryMarshal.Cast<byte, int>(from);
        var given = MemoryMarshal.Cast<byte, long>(from);
        var cells = MemoryMarshal.Cast<byte, long>(to);
        switch (column.Stored)
        {
            case Stored.Int32:
                for (var i = 0; i < count; i++)
                    cells[i] = narrow[i];
                break;
            case Stored.UInt32:
                for (var i = 0; i < count; i++)
                    cells[i] = (uint)narrow[i];
                break;
            case Stored.Millis:
                for (var i = 0; i < count; i++)
                    cells[i] = checked(given[i] * 1000);
                break;
            case Stored.Nanos:
                for (var i = 0; i < count; i++)
                    cells[i] = given[i] / 1000;
                break;
            default:
                from.CopyTo(to);
                break;
        }
    }

    /// <summary>The text that begins at <paramref name="at"/>, which is moved behind it.</summary>
    /// <exception cref="InvalidDataException">It is cut short, or not UTF-8.</exception>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> from, ref int at)
    {
        var length = from.Length - at < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(from[at..]);
        if (length < 0 || length > from.Length - at - 4)
            throw new InvalidDataException("a text runs over the end of its page.");
        var text = from.Slice(at + 4, length);
        at += 4 + length;
        return System.Text.Unicode.Utf8.IsValid(text) ? text : throw new InvalidDataException("a text is not UTF-8.");
    }
}
