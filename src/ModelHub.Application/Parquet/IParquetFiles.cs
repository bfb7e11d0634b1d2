namespace ModelHub.Application.Parquet;

/// <summary>Reads Parquet files. They are strangers' files, so they are read by a process of their own: a file that breaks the reader ends that process only.</summary>
public interface IParquetFiles
{
    /// <summary>Null when Parquet can be read; otherwise what is missing and how to get it.</summary>
    string? Missing { get; }

    /// <summary>Opens a file and reads what its columns are.</summary>
    /// <param name="path">The file; the reader can open nothing else.</param>
    /// <exception cref="Errors.ModelHubException">The file is damaged or holds columns that are not flat; or the library is missing.</exception>
    IColumnReader Open(string path, CancellationToken cancellation);

    /// <summary>The same for a file that is still being written: the reading process gets ready meanwhile.</summary>
    /// <param name="written">Ends when the file is whole; when it fails, so does this.</param>
    Task<IColumnReader> OpenAsync(string path, Task written, CancellationToken cancellation);
}

/// <summary>What a column of a file is read for.</summary>
public enum ColumnUse : byte
{
    /// <summary>Nothing: its cells do not come.</summary>
    None,

    /// <summary>Its cells as they are.</summary>
    Cells,

    /// <summary>Numbers for a model: single precision, NaN for what is missing or infinite.</summary>
    Feature,
}

/// <summary>The rows of a file, some thousand at a time. Not for several threads.</summary>
public interface IColumnReader : IDisposable
{
    /// <summary>The columns of the file and their types there.</summary>
    IReadOnlyList<TypedColumn> Columns { get; }

    /// <summary>Says before the first <see cref="Read"/> what each column is read for; otherwise all come as they are.</summary>
    void Choose(IReadOnlyList<ColumnUse> uses);

    /// <summary>Rows in the file, by its own account; there are as many, or reading fails.</summary>
    long RowCount { get; }

    /// <summary>The next rows, null at the end. The batch is the caller's until it is disposed.</summary>
    /// <exception cref="Errors.ModelHubException">The file is damaged.</exception>
    ColumnBatch? Read();
}
