using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>
/// The layout of a columnar file, little-endian: magic, version (int32); groups of rows, of each group one chunk per column; the footer
/// (rows by group, then per column its name, kind, sketch, levels and chunks); length of the footer (int64), the first 8 bytes of its
/// SHA-256, magic. Nothing in it depends on the clock or the machine: the same content gives the same bytes.
/// </summary>
internal static class ColumnarFormat
{
    public const uint Magic = 0x4643484D; // "MHCF"
    public const int Version = 1;
    public const int HeaderBytes = 8;
    public const int TailBytes = 20;

    public const int GroupRows = 65_536;
    public const int GroupCells = 1 << 20;
    public const int GroupBytes = 16 << 20;

    /// <summary>Different texts of a column that are numbered; with more they are stored one by one.</summary>
    public const int MaxLevels = 65_536;

    /// <summary>Bytes for the numbered texts of all columns together.</summary>
    public const long DictionaryBytes = 48L << 20;

    /// <summary>
    /// The kind of a column. Texts: few different ones are categories; nearly unique short ones without blanks are identifiers; the rest
    /// is text. Fewer than 20 rows are too few to tell, they count as categories.
    /// </summary>
    public static ColumnKind KindOf(Content content, ColumnSketch sketch) => content switch
    {
        Content.None => ColumnKind.Numeric,
        Content.Numbers => sketch.Integral && sketch.Present > 0 ? ColumnKind.Integer : ColumnKind.Numeric,
        Content.Booleans => ColumnKind.Boolean,
        Content.Dates => ColumnKind.Date,
        Content.Texts => TextKind(sketch),
    };

    private static ColumnKind TextKind(ColumnSketch sketch)
    {
        var (rows, distinct) = (sketch.Present, sketch.Distinct.Estimate);
        if (rows < 20 || (distinct <= rows / 2 && distinct <= MaxLevels && sketch.TextBytes <= rows * 100))
            return ColumnKind.Category;
        return distinct >= rows * 0.9 && sketch.TextBytes <= rows * 64 && sketch.WithBlanks <= rows / 20 ? ColumnKind.Id : ColumnKind.Text;
    }
}
