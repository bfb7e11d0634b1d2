using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>Parquet in this process where the file is of the plain kind, else through DuckDB's own library, in a child process per file.</summary>
public sealed class ParquetFiles(NativeLibraries libraries) : IParquetFiles
{
    private static readonly int Threads = Math.Clamp(Environment.ProcessorCount, 1, 4);
    private const long Memory = 1L << 30;

    /// <summary>RFC 8878, section 3.1.1.</summary>
    private static ReadOnlySpan<byte> ZstandardFrame => [0x28, 0xB5, 0x2F, 0xFD];

    public IColumnReader Open(string path, CancellationToken cancellation) => PlainParquetReader.TryOpen(path, cancellation) ?? OpenByLibrary(path, cancellation);

    internal IColumnReader OpenByLibrary(string path, CancellationToken cancellation) => Ready(Start(path, cancellation));

    public async Task<IColumnReader> OpenAsync(string path, Task begun, Task written, CancellationToken cancellation)
    {
        await begun;
        // Starting a process takes a while, and so does sending a file.
        var starting = !written.IsCompleted && WillNeedLibrary(path) ? Task.Run(() => Start(path, cancellation), CancellationToken.None) : null;
        try
        {
            await written;
            if (starting is null)
                return await Task.Run(() => Open(path, cancellation), CancellationToken.None);
        }
        catch
        {
            if (starting is not null)
                (await starting).Dispose();
            throw;
        }
        var reader = await starting;
        return await Task.Run(() => Ready(reader), CancellationToken.None);
    }

    /// <summary>Whether the first page is packed by Zstandard, as far as the beginning tells.</summary>
    private bool WillNeedLibrary(string path)
    {
        if (libraries.DuckDbMissing is not null)
            return false;
        var start = new byte[1024];
        using var file = File.OpenHandle(path, share: FileShare.ReadWrite);
        return start.AsSpan(0, RandomAccess.Read(file, start, 0)).IndexOf(ZstandardFrame) >= 0;
    }

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
