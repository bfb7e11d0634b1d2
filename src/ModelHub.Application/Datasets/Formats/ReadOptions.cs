using System.Text.Json;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>How a table is written down.</summary>
public enum TableFormat
{
    Csv,
    Json,
    Libsvm,

    /// <summary>Little-endian float32 rows of a given dimension.</summary>
    Binary,

    /// <summary>Read by <see cref="Parquet.IParquetFiles"/>.</summary>
    Parquet,
}

/// <summary>How the bytes are packed; <see cref="Detect"/> looks at the first two.</summary>
public enum PackedAs
{
    Detect,
    Plain,
    Gzip,
}

/// <summary>What one file may ask for; beyond it the file is refused.</summary>
/// <param name="MaxBytes">Bytes after decompression.</param>
/// <param name="MaxColumns">Columns, also the highest libsvm index.</param>
/// <param name="MaxCellBytes">Bytes of one cell, and of a row without line end.</param>
/// <param name="MaxRows">Rows of data.</param>
/// <param name="MaxRatio">Bytes that one byte of gzip may become, counted after the first 16 MiB.</param>
public sealed record ReadLimits(
    long MaxBytes = 8L << 30, int MaxColumns = 20_000, int MaxCellBytes = 16 << 20, long MaxRows = 200_000_000, int MaxRatio = 200)
{
    public static ReadLimits Default { get; } = new();
}

/// <summary>How to read a file.</summary>
public sealed record ReadOptions(TableFormat Format)
{
    public PackedAs Packing { get; init; }

    /// <summary>CSV: whether the first row holds names; null looks.</summary>
    public bool? HasHeader { get; init; }

    /// <summary>CSV: one of , ; tab |; null looks.</summary>
    public char? Delimiter { get; init; }

    /// <summary>Binary: values per row (needed). libsvm: the highest index (optional).</summary>
    public int? VectorDim { get; init; }

    /// <summary>Kinds by column name that are not to be inferred. A cell that does not fit is refused.</summary>
    public IReadOnlyDictionary<string, ColumnKind>? Kinds { get; init; }

    /// <summary>
    /// The columns of the training data in their order. They get these kinds, and a CSV without header takes their names when the count
    /// fits, with or without <see cref="LabelColumn"/>.
    /// </summary>
    public IReadOnlyList<ColumnExpectation>? Expected { get; init; }

    /// <summary>The column among <see cref="Expected"/> that may be left out.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>Further columns, one object of strings, numbers and booleans per row; as many as the file has rows.</summary>
    public JsonElement? Attributes { get; init; }

    /// <summary>Identifiers (strings, distinct) that become a column <c>id</c>; as many as the file has rows.</summary>
    public JsonElement? Ids { get; init; }

    public ReadLimits Limits { get; init; } = ReadLimits.Default;

    internal Dictionary<string, ColumnKind> AllKinds()
    {
        var kinds = new Dictionary<string, ColumnKind>(StringComparer.Ordinal);
        foreach (var column in Expected ?? [])
            kinds[column.Name] = column.Kind;
        foreach (var (name, kind) in Kinds ?? new Dictionary<string, ColumnKind>())
            kinds[name] = kind;
        return kinds;
    }
}

/// <summary>A column that is known before the data is read.</summary>
public sealed record ColumnExpectation(string Name, ColumnKind Kind);
