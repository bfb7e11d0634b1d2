using System.Text.Json;
using ModelHub.Application.Artifacts;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets;

public sealed class DatasetTables
{
    public Task<(StoredArtifact, StoredTable)> StoreAsync(Stream file, TableSource source, CancellationToken cancellation) => throw new NotImplementedException();
    public Task<(StoredArtifact, StoredTable)> StoreVectorsAsync(JsonElement data, int dim, JsonElement? ids, JsonElement? attributes, CancellationToken cancellation) => throw new NotImplementedException();
    public Task<Table> ParseAsync(Stream file, TableSource source, CancellationToken cancellation) => throw new NotImplementedException();
    public Task<Table> ReadAsync(Guid versionId, CancellationToken cancellation) => throw new NotImplementedException();
    public Task<IReadOnlyList<IReadOnlyList<object?>>> PreviewAsync(Guid versionId, int rows, CancellationToken cancellation) => throw new NotImplementedException();
    public Task WriteCsvAsync(Guid versionId, Stream target, CancellationToken cancellation) => throw new NotImplementedException();
    public static IReadOnlyList<ColumnSchema> Combine(IReadOnlyList<ColumnSchema> first, IReadOnlyList<ColumnSchema> second) => throw new NotImplementedException();
}
