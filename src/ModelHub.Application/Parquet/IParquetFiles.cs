namespace ModelHub.Application.Parquet;

/// <summary>
/// Reads Parquet files: those of the plain kind in this process (see <see cref="PlainParquetReader"/>), all others by a library of native code. They are
/// strangers' files, so that works in a process of its own: a file that breaks the reader ends that process only.
/// </summary>
public interface IParquetFiles
{
    /// <summary>Opens a file and reads what its columns are.</summary>
    /// <param name="path">The file; the reader can open nothing else.</param>
    /// <exception cref="Errors.ModelHubException">The file is damaged or holds columns that are not flat; or the library is missing.</exception>
    IColumnReader Open(string path, CancellationToken cancellation);
}

/// <summary>What is wanted of a file's columns.</summary>
/// <param name="Cells">By column, whether its cells come as they are.</param>
/// <param name="Features">
/// By column, which of a row's features it is, -1 for none: a number in single precision, NaN where it is missing or infinite.
/// </param>
/// <param name="Width">Features per row; those that no column is are NaN.</param>
public sealed record ColumnChoices(IReadOnlyList<bool> Cells, IReadOnlyList<int> Features, int Width)
{
    /// <summary>Bytes of a batch, roughly: of its numbers, and of its texts.</summary>
    public const int BatchBytes = 8 << 20;

    private const int MostBatchRows = 32768;

    /// <summary>Most rows of a batch, by what its numbers and their flags take.</summary>
    public int BatchRows(IReadOnlyList<TypedColumn> columns)
    {
        var perRow = 4L * Width;
        for (var c = 0; c < columns.Count; c++)
            perRow += IsLaid(columns, c) ? columns[c].Width + 1 : 0;
        return (int)Math.Clamp(BatchBytes / Math.Max(1, perRow), 1, MostBatchRows);
    }

    /// <summary>Whether a column's cells are wanted and have a width.</summary>
    public bool IsLaid(IReadOnlyList<TypedColumn> columns, int column) => Cells[column] && columns[column].Type != CellType.Text;

    /// <summary>All cells, and no features.</summary>
    public static ColumnChoices Everything(int columns) =>
        new([.. Enumerable.Repeat(true, columns)], [.. Enumerable.Repeat(-1, columns)], 0);
}

/// <summary>The rows of a file, some thousand at a time. Not for several threads at once.</summary>
public interface IColumnReader : IDisposable
{
    /// <summary>The columns of the file and their types there.</summary>
    IReadOnlyList<TypedColumn> Columns { get; }

    /// <summary>Says before the first <see cref="Read"/> what is wanted; otherwise all cells come as they are.</summary>
    void Choose(ColumnChoices wanted);

    /// <summary>Rows in the file, by its own account; there are as many, or reading fails.</summary>
    long RowCount { get; }

    /// <summary>The next rows, null at the end. The batch is the caller's until it is disposed, and good after this reader is.</summary>
    /// <exception cref="Errors.ModelHubException">The file is damaged.</exception>
    ColumnBatch? Read();

    /// <summary>The same, without a thread that waits where that can be.</summary>
    ValueTask<ColumnBatch?> ReadAsync() => new(Read());
}
