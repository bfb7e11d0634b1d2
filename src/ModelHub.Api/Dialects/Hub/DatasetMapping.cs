using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Application.Datasets;

namespace ModelHub.Api.Dialects.Hub;

internal static class DatasetMapping
{
    public static DatasetWire ToWire(DatasetView view) => new()
    {
        Id = view.Dataset.Id,
        ProjectId = view.Dataset.ProjectId,
        Name = view.Dataset.Name,
        Status = view.Version is null ? "empty" : "ready",
        VersionId = view.Version?.Id,
        Version = view.Version?.Number,
        RowCount = view.Version?.RowCount ?? 0,
        ContentHash = view.Version?.ContentHash,
        Columns = [.. view.Columns.Select(c => new ColumnWire
        {
            Name = c.Name, Kind = c.Kind, Missing = c.Missing, Distinct = c.Distinct, Min = c.Min, Max = c.Max, Mean = c.Mean, Std = c.Std,
            TopValues = c.TopValues,
        })],
        Error = null,
        CreatedAt = view.Dataset.CreatedAt,
    };
}
