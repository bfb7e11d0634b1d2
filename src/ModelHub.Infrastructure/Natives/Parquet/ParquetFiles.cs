using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>Parquet in this process where the file is of the plain kind, else through DuckDB's own library, in a child process per file.</summary>
public sealed class ParquetFiles(NativeLibraries libraries) : IParquetFiles
{
    private static readonly int Threads = Math.Clamp(Environment.ProcessorCount, 1, 4);
    private const long Memory = 1L << 30;

    public IColumnReader Open(string path, CancellationToken cancellation) => PlainParquetReader.TryOpen(path, cancellation) ?? OpenByLibrary(path, cancellation);

    internal IColumnReader OpenByLibrary(string path, CancellationToken cancellation) => Ready(Start(path, cancellation));

    private static ParquetReader Ready(ParquetReader reader)
    {
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

    private ParquetReader Start(string path, CancellationToken cancellation)
    {
        var library = libraries.RequireDuckDb(cancellation);
        path = Path.GetFullPath(path);
        var child = NativeProcess.Start(
            Path.GetDirectoryName(path)!, ParquetChild.Verb, Path.GetFullPath(library), path,
            Threads.ToString(System.Globalization.CultureInfo.InvariantCulture), Memory.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return new ParquetReader(new ReadingProcess(child, path, cancellation));
    }
}
