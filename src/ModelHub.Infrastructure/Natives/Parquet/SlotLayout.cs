using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// Where the rows of a batch lie in a slot of shared memory. Both processes reckon it from the same columns, neither tells the other: first a byte
/// per column (1: some of its cells are missing), then the features row by row, then of each column whose cells are wanted the cells, and a byte
/// per row (1: missing). Texts have no width and come through the pipe.
/// </summary>
internal sealed class SlotLayout
{
    private const int Line = 64;

    public SlotLayout(IReadOnlyList<TypedColumn> columns, ColumnChoices wanted)
    {
        Rows = wanted.BatchRows(columns);
        var at = Take(0, columns.Count);
        Features = at;
        at = Take(at, 4L * wanted.Width * Rows);
        (Cells, Missing) = (new long[columns.Count], new long[columns.Count]);
        for (var c = 0; c < columns.Count; c++)
        {
            if (!wanted.IsLaid(columns, c))
                continue;
            Cells[c] = at;
            Missing[c] = Take(at, (long)columns[c].Width * Rows);
            at = Take(Missing[c], Rows);
        }
        Bytes = at;
    }

    /// <summary>Most rows of a batch.</summary>
    public int Rows { get; }

    public long Features { get; }

    /// <summary>By column; 0 when its cells are not in the slot.</summary>
    public long[] Cells { get; }

    public long[] Missing { get; }

    public long Bytes { get; }

    private static long Take(long from, long bytes) => (from + bytes + Line - 1) / Line * Line;
}
