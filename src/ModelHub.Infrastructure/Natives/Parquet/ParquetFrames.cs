namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// What the reading process says on its standard output. Little-endian; a frame is a letter and what belongs to it:
/// H, rows of the file (int64), count of columns (int32), and of each its type (byte) and its name (int32 length, UTF-8);
/// R, count of rows (int32), and of each column a byte (1: a bit per row in words of 64 follows, set when the cell is there), then the cells as
/// they lie in memory, of texts the length of each (int32) and then all bytes;
/// E, the end; X, a refusal (int32 length, UTF-8). On its standard input it is told when the file is there (a byte of any kind), and after
/// the head what each column is read for (a byte each, <see cref="Application.Parquet.ColumnUse"/>): those that are not do not come, and features
/// come as float32 without bits.
/// </summary>
internal static class ParquetFrames
{
    public const byte Head = (byte)'H';
    public const byte Rows = (byte)'R';
    public const byte End = (byte)'E';
    public const byte Refusal = (byte)'X';

    /// <summary>Bytes of cells in one frame, roughly, and in one batch.</summary>
    public const int MostBytes = 8 << 20;

    /// <summary>Rows per frame for a file of so many columns: a multiple of 64, so that the words of bits are whole.</summary>
    public static int RowsFor(int columns) => (int)Math.Clamp(MostBytes / 8L / Math.Max(1, columns), 64, 32768) & ~63;
}
