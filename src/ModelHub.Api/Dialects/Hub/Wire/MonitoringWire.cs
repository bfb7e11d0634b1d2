using System.Text.Json;

namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record LatencyWire(double? P50, double? P90, double? P99);

/// <summary>What was done in a range, by a model, or in an hour.</summary>
public sealed record ServingStatsWire
{
    public Guid? ModelId { get; init; }

    public DateTimeOffset? StartsAt { get; init; }

    public required long Requests { get; init; }

    public required long Errors { get; init; }

    public required long Rows { get; init; }

    /// <summary>Rows whose features were counted for drift.</summary>
    public required long SampledRows { get; init; }

    /// <summary>Samples that were let go because more came than could be counted.</summary>
    public required long DroppedSamples { get; init; }

    /// <summary>Milliseconds, to ±5 %.</summary>
    public required LatencyWire LatencyMs { get; init; }

    /// <summary>Rows that a shadow scored beside the answer.</summary>
    public required long ComparedRows { get; init; }

    /// <summary>Share of the compared rows on which it agreed with the answer.</summary>
    public required double? Agreement { get; init; }

    public required double? MeanAbsoluteDifference { get; init; }
}

public sealed record StatsAnswer(
    DateTimeOffset From, DateTimeOffset To, ServingStatsWire Stats, IReadOnlyList<ServingStatsWire> Models, IReadOnlyList<ServingStatsWire> Windows);

/// <summary>Population stability index over bins: below 0.1 none, below 0.25 moderate, else significant; unknown of fewer than 20 rows for each bin.</summary>
public sealed record ColumnDriftWire(string Name, double? Psi, string Level, IReadOnlyList<BinDriftWire> Bins);

public sealed record BinDriftWire(string Bin, double Expected, double Actual);

public sealed record ModelDriftWire(Guid ModelId, bool BaselineReady, long Rows, ColumnDriftWire? Predictions, IReadOnlyList<ColumnDriftWire> Features);

public sealed record DriftAnswer(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<ModelDriftWire> Models);

public sealed record ActualsRequest
{
    [MostItems(10_000, "actuals")]
    public IReadOnlyList<ActualWire>? Actuals { get; init; }
}

public sealed record ActualWire
{
    public string? AssociationId { get; init; }

    /// <summary>The class, or the value.</summary>
    public JsonElement Actual { get; init; }
}

public sealed record ActualsAnswer(int Accepted);

public sealed record AccuracyWire(Guid ModelId, DateTimeOffset? Day, int Rows, IReadOnlyDictionary<string, double> Metrics);

public sealed record AccuracyAnswer(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<AccuracyWire> Models, IReadOnlyList<AccuracyWire> Days);
