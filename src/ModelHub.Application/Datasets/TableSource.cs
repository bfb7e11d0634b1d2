using System.Text.Json;

namespace ModelHub.Application.Datasets;

public enum TableFormat
{
    Csv,
    Json,
    Libsvm,
    Binary,
}

/// <summary>How a file is to be read.</summary>
public sealed record TableSource
{
    public required TableFormat Format { get; init; }

    /// <summary>Whether the bytes must be gzip; null tells it by their beginning.</summary>
    public bool? Gzip { get; init; }

    /// <summary>Of CSV: whether the first line names the columns.</summary>
    public bool HasFieldNames { get; init; } = true;

    /// <summary>Of binary rows and sparse lines.</summary>
    public int? VectorDim { get; init; }

    /// <summary>Further columns: a list with an object of strings, numbers and booleans per row.</summary>
    public JsonElement? Attributes { get; init; }

    /// <summary>A list of distinct identifiers, one per row.</summary>
    public JsonElement? Ids { get; init; }

    /// <summary>The column among the expected ones that may be absent.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>Columns as training knew them, so that a file to be scored is read the same way; null to infer.</summary>
    public IReadOnlyList<ColumnSchema>? Expected { get; init; }
}

/// <summary>A column of a dataset version.</summary>
/// <param name="Kind">numeric, integer, boolean, category, date, text or id.</param>
/// <param name="Missing">Cells without a value.</param>
/// <param name="Distinct">Different values, counted up to a bound.</param>
public sealed record ColumnSchema(
    string Name, string Kind, long Missing, long Distinct, double? Min, double? Max, double? Mean, double? Std, IReadOnlyList<string>? TopValues);

/// <summary>What was read and written as one columnar file.</summary>
public sealed record StoredTable(long RowCount, IReadOnlyList<ColumnSchema> Columns);
