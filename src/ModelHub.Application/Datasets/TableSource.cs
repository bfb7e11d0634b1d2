using System.Text.Json;
using ModelHub.Application.Datasets.Formats;

namespace ModelHub.Application.Datasets;

/// <summary>How a file is to be read; what dialects say, without the engine's types.</summary>
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

    /// <summary>Kinds by column name that are not inferred (numeric, integer, boolean, category, date, text, id); a cell that does not fit is refused.</summary>
    public IReadOnlyDictionary<string, string>? Kinds { get; init; }

    /// <summary>A dataset version's schema as JSON: a file to be scored is read as training knew the columns; null infers.</summary>
    public string? ExpectedSchema { get; init; }

    /// <summary>The column of that schema that may be absent.</summary>
    public string? LabelColumn { get; init; }
}

/// <summary>A column of a dataset version.</summary>
/// <param name="Kind">numeric, integer, boolean, category, date, text or id.</param>
/// <param name="Missing">Cells without a value.</param>
/// <param name="Distinct">Different values, counted exactly up to a bound.</param>
public sealed record ColumnView(
    string Name, string Kind, long Missing, long Distinct, double? Min, double? Max, double? Mean, double? Std, IReadOnlyList<string>? TopValues);

/// <summary>What was read and stored as one columnar file.</summary>
public sealed record StoredTable(Artifacts.StoredArtifact Artifact, long RowCount, string Schema);
