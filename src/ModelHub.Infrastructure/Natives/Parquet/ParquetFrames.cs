namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// What the two processes say. Little-endian; a frame of the reading process is a letter and what belongs to it:
/// H, rows of the file (int64), count of columns (int32), and of each its type (byte) and its name (int32 length, UTF-8);
/// R, count of rows (int32) that now lie in the slot behind those before, and of each column of wanted texts the length of each (int32, -1: missing)
/// and then all bytes; B, the batch in the slot is whole; E, the end; X, a refusal (int32 length, UTF-8).
/// On its standard input the reading process is told after the head which columns are wanted (of each a byte, 1 when its cells are, and the int32 of its
/// feature, -1 for none; then the features per row, int32) and the shared memory (its size, int64; int32 length and UTF-8 of its path); and the numbers
/// of slots that are free (a byte each), which it fills in that order. What lies in a slot <see cref="SlotLayout"/> says.
/// </summary>
internal static class ParquetFrames
{
    public const byte Head = (byte)'H';
    public const byte Rows = (byte)'R';
    public const byte Batch = (byte)'B';
    public const byte End = (byte)'E';
    public const byte Refusal = (byte)'X';

    public const int NoText = -1;

    /// <summary>Bytes of a column's texts in one frame.</summary>
    public const int MostTextBytes = 256 << 20;
}
