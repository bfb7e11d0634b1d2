using System.IO.Pipelines;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Parquet;

/// <summary>A Parquet file on its way in: kept in a folder of its own while it is read, because its end must be read first.</summary>
internal sealed class SpooledFile : IDisposable
{
    private const int StepBytes = 256 << 10;
    private static readonly byte[] Magic = "PAR1"u8.ToArray();
    private readonly DirectoryInfo _folder = Scratch.NewFolder();

    public string Path => System.IO.Path.Combine(_folder.FullName, "rows.parquet");

    /// <summary>Takes a body in.</summary>
    /// <exception cref="ModelHubException">It is too large, or no Parquet file.</exception>
    public async Task FillAsync(PipeReader body, long mostBytes, CancellationToken cancellation)
    {
        using var file = Create();
        var (length, isAll) = (0L, false);
        while (!isAll)
        {
            var read = await body.ReadAtLeastAsync(StepBytes, cancellation);
            // All pieces in one call, and at once: it only goes as far as the system's own memory.
            List<ReadOnlyMemory<byte>> pieces = [.. read.Buffer];
            RandomAccess.Write(file.SafeFileHandle, pieces, length);
            length += read.Buffer.Length;
            isAll = read.IsCompleted;
            body.AdvanceTo(read.Buffer.End);
            if (length > mostBytes)
                throw new ModelHubException(ErrorKind.TooLarge, "body_too_large", $"The file is larger than {mostBytes} bytes.");
        }
        Check(file);
    }

    /// <param name="read">Fills a buffer; less than asked for only at the end.</param>
    /// <exception cref="ModelHubException">It is no Parquet file.</exception>
    public static SpooledFile Of(Func<byte[], int> read)
    {
        var spooled = new SpooledFile();
        try
        {
            using var file = spooled.Create();
            var buffer = new byte[1 << 20];
            for (var count = buffer.Length; count == buffer.Length;)
                file.Write(buffer, 0, count = read(buffer));
            spooled.Check(file);
            return spooled;
        }
        catch
        {
            spooled.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private FileStream Create() => new(Path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read, 0);

    private void Check(FileStream file)
    {
        var start = new byte[4];
        file.Position = 0;
        if (file.ReadAtLeast(start, 4, throwOnEndOfStream: false) < 4 || !start.AsSpan().SequenceEqual(Magic))
            throw ModelHubException.Invalid("file", "This is no Parquet file: it does not begin as one.");
    }
}
