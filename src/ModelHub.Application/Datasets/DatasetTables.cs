using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets;

/// <summary>The bytes below datasets: files into columnar artifacts, artifacts into tables.</summary>
public sealed class DatasetTables(HubDbContext db, IArtifactStore store, IParquetFiles parquet)
{
    /// <summary>Reads a file and stores it as one columnar artifact.</summary>
    public async Task<StoredTable> StoreAsync(Stream file, TableSource source, CancellationToken cancellation)
    {
        TableSchema? schema = null;
        var scratch = Scratch.NewPath();
        try
        {
            schema = await Task.Run(() => Refusing(() => Ingest(file, OptionsOf(source), scratch, cancellation)), cancellation);
            if (source.Kinds?.Keys.FirstOrDefault(name => schema.Columns.All(c => c.Name != name)) is { } unknown)
                throw ModelHubException.Invalid("kinds", $"'kinds' names a column '{unknown}' that the file does not have.");
            var artifact = await store.PutAsync(
                async (target, stop) =>
                {
                    await using var columnar = new FileStream(scratch, FileMode.Open, FileAccess.Read, FileShare.None, 1 << 16);
                    await columnar.CopyToAsync(target, stop);
                },
                cancellation);
            return new StoredTable(artifact, schema.RowCount, schema.ToJson());
        }
        finally
        {
            File.Delete(scratch);
        }
    }

    /// <summary>Stores vectors that came as JSON.</summary>
    public async Task<StoredTable> StoreVectorsAsync(
        JsonElement data, int dimension, bool sparse, JsonElement? ids, JsonElement? attributes, CancellationToken cancellation)
    {
        TableSchema? schema = null;
        var artifact = await store.PutAsync(
            (target, stop) => Task.Run(() => schema = Refusing(() => VectorBatch.Write(target, dimension, sparse, data, ids, attributes)), stop),
            cancellation);
        return new StoredTable(artifact, schema!.RowCount, schema.ToJson());
    }

    /// <summary>Reads a file that is only scored.</summary>
    public Task<Table> ParseAsync(Stream file, TableSource source, CancellationToken cancellation) =>
        Task.Run(() => Refusing(() => Parse(file, OptionsOf(source), cancellation)), cancellation);

    /// <summary>All of a version.</summary>
    public async Task<Table> ReadAsync(Guid versionId, CancellationToken cancellation)
    {
        using var set = await OpenAsync(versionId, cancellation);
        return Refusing(() => set.ReadTable(cancellation: cancellation));
    }

    /// <summary>The first rows, cells as numbers and texts.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<object?>>> PreviewAsync(Guid versionId, int rows, CancellationToken cancellation)
    {
        using var set = await OpenAsync(versionId, cancellation);
        var table = set.ReadTable(rowCount: rows, cancellation: cancellation);
        return [.. Enumerable.Range(0, table.RowCount).Select(r => (IReadOnlyList<object?>)[.. table.Columns.Select(c => Show(c, r))])];
    }

    /// <summary>A version as CSV, formulas made harmless; written to a file first, since the exporter writes synchronously.</summary>
    public async Task WriteCsvAsync(Guid versionId, Stream target, CancellationToken cancellation)
    {
        using var set = await OpenAsync(versionId, cancellation);
        var path = Scratch.NewPath();
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        await Task.Run(() => CsvExport.Write(set, file, cancellation), cancellation);
        file.Position = 0;
        await file.CopyToAsync(target, cancellation);
    }

    /// <summary>The schema of parts taken together, the new one not yet in the database.</summary>
    internal async Task<string> CombineAsync(Guid datasetId, int firstPart, int lastPart, string added, CancellationToken cancellation)
    {
        using var set = Open(
            [.. await PathsAsync(datasetId, firstPart, lastPart, cancellation), await store.LocalPathAsync(added, cancellation)]);
        return set.Schema.ToJson();
    }

    internal static IReadOnlyList<ColumnView> Describe(string schema) =>
    [
        .. TableSchema.FromJson(schema).Columns.Select(c => new ColumnView(
            c.Name, c.Kind.ToString().ToLowerInvariant(), c.Statistics.Missing, c.Statistics.Distinct, c.Statistics.Min, c.Statistics.Max,
            c.Statistics.Mean, c.Statistics.Std, c.Statistics.TopLevels is { } top ? [.. top.Select(l => l.Level)] : null)),
    ];

    private TableSchema Ingest(Stream file, ReadOptions options, string path, CancellationToken cancellation)
    {
        if (options.Format != TableFormat.Parquet)
            return TableReader.Ingest(new BlockingStream(file), options, path, cancellation);
        using var spooled = TableReader.Spool(new BlockingStream(file), options, cancellation);
        using var rows = parquet.Open(spooled.Path, cancellation);
        return TableReader.Ingest(rows, options, path, cancellation);
    }

    private Table Parse(Stream file, ReadOptions options, CancellationToken cancellation)
    {
        if (options.Format != TableFormat.Parquet)
            return TableReader.ReadTable(file, options, cancellation);
        using var spooled = TableReader.Spool(file, options, cancellation);
        using var rows = parquet.Open(spooled.Path, cancellation);
        return TableReader.ReadTable(rows, options, cancellation);
    }

    private static ReadOptions OptionsOf(TableSource source) => new(source.Format)
    {
        Packing = source.Gzip switch { null => PackedAs.Detect, true => PackedAs.Gzip, false => PackedAs.Plain },
        HasHeader = source.HasFieldNames,
        VectorDim = source.VectorDim,
        Attributes = source.Attributes,
        Ids = source.Ids,
        Kinds = source.Kinds?.ToDictionary(k => k.Key, k => KindOf(k.Key, k.Value), StringComparer.Ordinal),
        Expected = source.ExpectedSchema is { } schema ? TableSchema.FromJson(schema).Expectations : null,
        LabelColumn = source.LabelColumn,
    };

    private static ColumnKind KindOf(string column, string kind) =>
        kind.Length > 0 && char.IsAsciiLetterLower(kind[0]) && Enum.TryParse<ColumnKind>(kind, ignoreCase: true, out var known)
            ? known
            : throw ModelHubException.Invalid(
                "kinds", $"'kinds': '{kind}' of column '{column}' is not one of numeric, integer, boolean, category, date, text, id.");

    private static T Refusing<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DatasetFormatException refusal)
        {
            throw new ModelHubException(ErrorKind.Invalid, "bad_data", refusal.Message, new Dictionary<string, string> { ["file"] = refusal.Message }, refusal);
        }
        catch (InvalidDataException damaged)
        {
            throw new ModelHubException(ErrorKind.Internal, "artifact_damaged", "The dataset's stored file is damaged.", inner: damaged);
        }
    }

    private async Task<ColumnarSet> OpenAsync(Guid versionId, CancellationToken cancellation)
    {
        var version = await db.DatasetVersions.AsNoTracking().FirstOrDefaultAsync(v => v.Id == versionId, cancellation)
            ?? throw ModelHubException.NotFound("dataset version");
        return Open(await PathsAsync(version.DatasetId, version.FirstPart, version.LastPart, cancellation));
    }

    private async Task<List<string>> PathsAsync(Guid datasetId, int firstPart, int lastPart, CancellationToken cancellation)
    {
        var hashes = await db.DatasetParts.AsNoTracking()
            .Where(p => p.DatasetId == datasetId && p.Number >= firstPart && p.Number <= lastPart)
            .OrderBy(p => p.Number).Select(p => p.ArtifactSha256).ToListAsync(cancellation);
        var paths = new List<string>(hashes.Count);
        foreach (var hash in hashes)
            paths.Add(await store.LocalPathAsync(hash, cancellation));
        return paths;
    }

    private static ColumnarSet Open(IReadOnlyList<string> paths) => Refusing(() => ColumnarSet.OpenFiles(paths));

    private static object? Show(Column column, int row) => column is NumericColumn { Kind: not ColumnKind.Date } or SparseColumn
        ? Cell.Number(column, row) is var value && double.IsNaN(value) ? null : column.Kind == ColumnKind.Boolean ? value != 0 : value
        : Text(column, row);

    private static string? Text(Column column, int row) => column is NumericColumn { Kind: ColumnKind.Date } dates
        ? double.IsNaN(dates.Values[row]) ? null : DateTime.UnixEpoch.AddSeconds(dates.Values[row]).ToString("O", CultureInfo.InvariantCulture)
        : column is NumericColumn { Kind: ColumnKind.Boolean } truth
            ? double.IsNaN(truth.Values[row]) ? null : truth.Values[row] != 0 ? "true" : "false"
            : Cell.Text(column, row);
}
