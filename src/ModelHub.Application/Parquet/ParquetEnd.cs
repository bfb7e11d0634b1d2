using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace ModelHub.Application.Parquet;

/// <summary>The end of a Parquet file: its footer, the footer's length, and the same four letters as at its beginning.</summary>
public static class ParquetEnd
{
    /// <summary>Columns of a file that is read.</summary>
    public const int MostColumns = 20_000;

    private const int MostBytes = 64 << 20;
    private const int LengthAndMagic = 8;

    /// <summary>The footer (parquet.thrift: FileMetaData) and where it begins; no bytes when there is none, or it is too long.</summary>
    public static (byte[] Footer, long Start) Read(SafeFileHandle file)
    {
        var size = RandomAccess.GetLength(file);
        var end = new byte[LengthAndMagic];
        var least = ParquetFileWriter.Magic.Length + LengthAndMagic;
        if (size < least || RandomAccess.Read(file, end, size - LengthAndMagic) < LengthAndMagic)
            return ([], 0);
        var length = BinaryPrimitives.ReadInt32LittleEndian(end);
        if (!end.AsSpan(sizeof(int)).SequenceEqual(ParquetFileWriter.Magic) || length is < 0 or > MostBytes || length > size - least)
            return ([], 0);
        var (footer, start) = (new byte[length], size - LengthAndMagic - length);
        return RandomAccess.Read(file, footer, start) < length ? ([], 0) : (footer, start);
    }
}
