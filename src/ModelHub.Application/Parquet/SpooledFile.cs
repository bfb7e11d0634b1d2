using System.IO.Pipelines;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Parquet;

/// <summary>A Parquet file on its way in: kept in a folder of its own while it is read, because its end must be read first.</summary>
internal sealed class SpooledFile : IDisposable
{
    private static readonly byte[] Magic = "PAR1"u8.ToArray();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("modelhub-parquet-");

    public string Path => System.IO.Path.Combine(_folder.FullName, "rows.parquet");

    /// <exception cref="ModelHubException">It is too large, or no Parquet file.</exception>
    public static async Task<SpooledFile> OfAsync(PipeReader body, long mostBytes, CancellationToken cancellation)
    {
        var spooled = new SpooledFile();
        try
        {
            await using var file = spooled.Create();
            while (true)
            {
                var read = await body.ReadAsync(cancellation);
                foreach (var piece in read.Buffer)
                    await file.WriteAsync(piece, cancellation);
                body.AdvanceTo(read.Buffer.End);
                if (file.Position > mostBytes)
                    throw new ModelHubException(ErrorKind.TooLarge, "body_too_large", $"The file is larger than {mostBytes} bytes.");
                if (read.IsCompleted)
                    break;
            }
            spooled.Check(file);
            return spooled;
        }
        catch
        {
            spooled.Dispose();
            throw;
        }
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
