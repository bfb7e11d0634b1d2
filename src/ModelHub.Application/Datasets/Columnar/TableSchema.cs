using System.Text.Json;
using System.Text.Json.Serialization;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>The columns of a table with their statistics; what a dataset version stores as JSON.</summary>
public sealed record TableSchema(long RowCount, IReadOnlyList<ColumnSchema> Columns)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Names and kinds, as <see cref="ReadOptions.Expected"/> takes them.</summary>
    [JsonIgnore]
    public IReadOnlyList<ColumnExpectation> Expectations => [.. Columns.Select(c => new ColumnExpectation(c.Name, c.Kind))];

    public ColumnSchema? Find(string name) => Columns.FirstOrDefault(c => c.Name == name);

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public static TableSchema FromJson(string json) => JsonSerializer.Deserialize<TableSchema>(json, Json)
        ?? throw new InvalidDataException("The schema is empty.");
}

/// <param name="Forced">The kind was given, not inferred.</param>
/// <param name="Sparse">Most values are zero and not stored.</param>
public sealed record ColumnSchema(string Name, ColumnKind Kind, bool Forced, bool Sparse, ColumnStatistics Statistics);

/// <summary>
/// Statistics of a column. Numbers (dates in seconds since 1970-01-01 UTC) have min to histogram; texts have top levels, unless there are
/// too many different ones.
/// </summary>
/// <param name="Count">Rows with a value.</param>
/// <param name="Distinct">Different values: exact up to 256 (texts: 65,536), else within a few percent.</param>
/// <param name="Std">Sample standard deviation.</param>
/// <param name="Quantiles">At 0, 5, 25, 50, 75, 95 and 100 %, from a sample spread evenly over the rows (both ends exact).</param>
/// <param name="Histogram">Rows in 10 bars of equal width from min to max, scaled up from the same sample.</param>
/// <param name="TopLevels">The most frequent texts, at most 20.</param>
public sealed record ColumnStatistics(
    long Count,
    long Missing,
    long Distinct,
    double? Min = null,
    double? Max = null,
    double? Mean = null,
    double? Std = null,
    IReadOnlyList<double>? Quantiles = null,
    IReadOnlyList<long>? Histogram = null,
    IReadOnlyList<LevelCount>? TopLevels = null);

public sealed record LevelCount(string Level, long Count);
