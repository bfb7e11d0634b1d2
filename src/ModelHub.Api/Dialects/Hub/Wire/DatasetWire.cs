namespace ModelHub.Api.Dialects.Hub.Wire;

public sealed record DatasetWire
{
    public required Guid Id { get; init; }

    public required Guid ProjectId { get; init; }

    public required string Name { get; init; }

    /// <summary>ready, or empty while nothing was added.</summary>
    public required string Status { get; init; }

    public required Guid? VersionId { get; init; }

    public required int? Version { get; init; }

    public required long RowCount { get; init; }

    /// <summary>SHA-256 of the content.</summary>
    public required string? ContentHash { get; init; }

    public required IReadOnlyList<ColumnWire> Columns { get; init; }

    public required string? Error { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

public sealed record ColumnWire
{
    public required string Name { get; init; }

    /// <summary>numeric, integer, boolean, category, date, text or id.</summary>
    public required string Kind { get; init; }

    public required long Missing { get; init; }

    public required long Distinct { get; init; }

    public required double? Min { get; init; }

    public required double? Max { get; init; }

    public required double? Mean { get; init; }

    public required double? Std { get; init; }

    public required IReadOnlyList<string>? TopValues { get; init; }
}

public sealed record DatasetAnswer(DatasetWire Dataset);

/// <summary>The first rows of a dataset, cells as they are.</summary>
public sealed record PreviewAnswer(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<object?>> Rows);
