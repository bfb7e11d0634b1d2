using Microsoft.Win32.SafeHandles;

namespace ModelHub.Application.Parquet;

internal enum PageKind
{
    Dictionary,

    /// <summary>Values, one behind the other.</summary>
    Plain,

    /// <summary>Numbers of values in the dictionary.</summary>
    Numbers,

    /// <summary>Truth values in runs.</summary>
    Runs,
}

/// <summary>A page of a column (parquet.thrift: PageHeader, DataPageHeader, DataPageHeaderV2).</summary>
/// <param name="Start">Where its bytes lie in the file, behind its header.</param>
/// <param name="Packed">How many those are.</param>
/// <param name="Unpacked">And when they are unpacked.</param>
/// <param name="Values">Cells in it, missing ones counted.</param>
/// <param name="LevelBytes">What says which cells are missing, in front and never packed; -1 when it says its length itself and is packed like the rest.</param>
internal readonly record struct ParquetPage(long Start, int Packed, int Unpacked, int Values, PageKind Kind, int LevelBytes, Packing Packing)
{
    private const int MostBytes = 64 << 20;

    /// <summary>Beside the values: what says which are missing, and how long that is.</summary>
    private const int MoreBytes = 1024;

    private static readonly int[] HeaderBytes = [512, 64 << 10];

    /// <summary>All pages of a chunk, a dictionary first; null when one is of another kind than is read here, or lies of its size or place.</summary>
    /// <param name="most">Pages that there may be.</param>
    public static ParquetPage[]? All(SafeFileHandle file, StoredColumn column, StoredChunk chunk, int rows, int most)
    {
        var pages = new List<ParquetPage>();
        var (at, left) = (chunk.Start, (long)rows);
        while (left > 0)
        {
            if (pages.Count == most || Next(file, column, chunk, at) is not var (page, end))
                return null;
            at = end;
            if (page.Kind == PageKind.Dictionary ? pages.Count > 0 : page.Kind == PageKind.Numbers && (pages.Count == 0 || pages[0].Kind != PageKind.Dictionary))
                return null;
            left -= page.Kind == PageKind.Dictionary ? 0 : page.Values;
            pages.Add(page);
        }
        return left == 0 ? [.. pages] : null;
    }

    private static (ParquetPage Page, long End)? Next(SafeFileHandle file, StoredColumn column, StoredChunk chunk, long at)
    {
        foreach (var most in HeaderBytes)
        {
            var bytes = new byte[(int)Math.Min(most, chunk.End - at)];
            var count = RandomAccess.Read(file, bytes, at);
            try
            {
                var reader = new ThriftReader(bytes.AsSpan(0, count));
                return Header(ref reader, column, chunk.Packing) is { } page && page.Packed <= chunk.End - at - reader.At
                    ? (page with { Start = at + reader.At }, at + reader.At + page.Packed) : null;
            }
            catch (Exception longer) when (longer is IndexOutOfRangeException or ArgumentOutOfRangeException && count == most)
            {
                // Some writers put the smallest and largest text into it.
            }
        }
        return null;
    }

    private static ParquetPage? Header(ref ThriftReader reader, StoredColumn column, Packing packing)
    {
        var (kind, unpacked, packed, page) = (-1, -1, -1, (ParquetPage?)null);
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            switch (field, type)
            {
                case (1, ThriftReader.Int32):
                    kind = reader.Small();
                    break;
                case (2, ThriftReader.Int32):
                    unpacked = reader.Small();
                    break;
                case (3, ThriftReader.Int32):
                    packed = reader.Small();
                    break;
                case (5 or 7 or 8, ThriftReader.Structure) when page is null:
                    page = Data(ref reader, column, packing, field);
                    if (page is null)
                        return null;
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }
        if (page is not { } found || packed < 0 || unpacked is < 0 or > MostBytes || kind != (found.Kind == PageKind.Dictionary ? 2 : found.LevelBytes < 0 ? 0 : 3))
            return null;
        // Room for more than its values take would be room for nothing, and work.
        var isSized = found.Packing != Packing.None ? found.IsText(column) || unpacked <= MoreBytes + 9L * found.Values : unpacked == packed;
        return isSized && found.LevelBytes <= Math.Min(packed, unpacked) ? found with { Packed = packed, Unpacked = unpacked } : null;
    }

    private bool IsText(StoredColumn column) => column.Stored == Stored.Text && Kind != PageKind.Numbers;

    /// <summary>What a page's header says by its kind: field 5 of pages of values, 7 of dictionaries, 8 of pages of values of the second form.</summary>
    private static ParquetPage? Data(ref ThriftReader reader, StoredColumn column, Packing packing, int kind)
    {
        var (values, encoding, levels, levelBytes, repeated, isPacked) = (-1, -1, 3, kind == 8 ? 0 : -1, 0, true);
        for (var field = 0; reader.Field(ref field, out var type);)
        {
            switch (kind, field, type)
            {
                case (_, 1, ThriftReader.Int32):
                    values = reader.Small();
                    break;
                case (5 or 7, 2, ThriftReader.Int32) or (8, 4, ThriftReader.Int32):
                    encoding = reader.Small();
                    break;
                case (5, 3, ThriftReader.Int32):
                    levels = reader.Small();
                    break;
                case (8, 5, ThriftReader.Int32):
                    levelBytes = reader.Small();
                    break;
                case (8, 6, ThriftReader.Int32):
                    repeated = reader.Small();
                    break;
                case (8, 7, _):
                    isPacked = type == ThriftReader.True;
                    break;
                default:
                    reader.Skip(type);
                    break;
            }
        }
        PageKind? found = (kind, encoding) switch
        {
            (7, 0 or 2) => PageKind.Dictionary,
            (5 or 8, 0) => PageKind.Plain,
            (5 or 8, 2 or 8) => PageKind.Numbers,
            (5 or 8, 3) when column.Stored == Stored.Bits => PageKind.Runs,
            _ => null,
        };
        // A page of no values would be work for nothing.
        return found is { } of && (values > 0 || values == 0 && of == PageKind.Dictionary) && repeated == 0 && (kind != 8 || levelBytes >= 0) && (levels == 3 || !column.IsOptional)
            ? new ParquetPage(0, 0, 0, values, of, levelBytes, isPacked ? packing : Packing.None) : null;
    }
}
