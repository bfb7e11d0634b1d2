using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>Parquet through DuckDB's own library, in a child process per file.</summary>
public sealed class ParquetFiles(NativeLibraries libraries) : IParquetFiles
{
    private static readonly int Threads = Math.Clamp(Environment.ProcessorCount, 1, 4);
    private const long Memory = 1L << 30;

    public string? Missing => libraries.DuckDb is not null
        ? null : "Parquet needs DuckDB's library, which is not installed on this hub: run ./modelhub natives (it needs npm and a network once).";

    public IColumnReader Open(string path, CancellationToken cancellation)
    {
        var library = libraries.DuckDb ?? throw new ModelHubException(ErrorKind.Unavailable, "natives_missing", Missing!);
        path = Path.GetFullPath(path);
        var child = NativeProcess.Start(
            Path.GetDirectoryName(path)!, ParquetChild.Verb, Path.GetFullPath(library), path,
            Threads.ToString(System.Globalization.CultureInfo.InvariantCulture), Memory.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var reader = new ParquetReader(child, path, cancellation);
        try
        {
            reader.ReadHead();
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }
}
