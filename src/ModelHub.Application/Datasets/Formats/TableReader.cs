using ModelHub.Application.Datasets.Columnar;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>Reads tables. Memory is bounded by the limits, not by the size of the file.</summary>
public static class TableReader
{
    /// <summary>
    /// Reads a file into a columnar file at <paramref name="outputPath"/>, which is removed again when the data is refused. A stream that
    /// cannot seek is first kept beside the output, because a column that stops being a number late is read a second time.
    /// </summary>
    /// <exception cref="DatasetFormatException">The data is refused; the message names row and column.</exception>
    public static TableSchema Ingest(Stream input, ReadOptions options, string outputPath, CancellationToken cancellation = default)
    {
        var finished = false;
        try
        {
            using var output = new FileStream(outputPath, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
            Ingest(input, options, output, cancellation, outputPath + ".input");
            output.Position = 0;
            using var set = ColumnarSet.Open(output);
            finished = true;
            return set.Schema;
        }
        finally
        {
            if (!finished)
                File.Delete(outputPath);
        }
    }

    /// <summary>Reads a small file, such as the rows of a prediction, into memory.</summary>
    /// <exception cref="DatasetFormatException">The data is refused; the message names row and column.</exception>
    public static Table ReadTable(Stream input, ReadOptions options, CancellationToken cancellation = default)
    {
        using var output = new MemoryStream();
        if (input.CanSeek)
        {
            Ingest(input, options, output, cancellation, null);
        }
        else
        {
            using var copy = new MemoryStream();
            CopyBounded(input, copy, options.Limits.MaxBytes, cancellation);
            copy.Position = 0;
            Ingest(copy, options, output, cancellation, null);
        }
        using var set = ColumnarSet.Open(output);
        return set.ReadTable(cancellation: cancellation);
    }

    private static void Ingest(Stream input, ReadOptions options, Stream output, CancellationToken cancellation, string? spoolPath)
    {
        if (input.CanSeek)
        {
            ReadUntilSure(input, options, output, cancellation);
            return;
        }
        using var spool = new FileStream(spoolPath!, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        CopyBounded(input, spool, options.Limits.MaxBytes, cancellation);
        spool.Position = 0;
        ReadUntilSure(spool, options, output, cancellation);
    }

    /// <summary>One reading; a second one, with some columns taken as text, when the first found that they are.</summary>
    private static void ReadUntilSure(Stream input, ReadOptions options, Stream output, CancellationToken cancellation)
    {
        var start = input.Position;
        var asText = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var sink = new TableSink(new ColumnarWriter(output), options.Limits, options.AllKinds(), asText);
            using (var source = new BoundedSource(input, options, cancellation))
                Read(source, sink, options);
            sink.Finish();
            if (sink.Conflicts.Count == 0)
                return;
            asText.UnionWith(sink.Conflicts);
            input.Position = start;
            output.Position = 0;
            output.SetLength(0);
        }
    }

    private static void Read(BoundedSource source, TableSink sink, ReadOptions options)
    {
        var extras = new RowExtras(sink, options.Ids, options.Attributes);
        switch (options.Format)
        {
            case TableFormat.Csv:
                new CsvReader(source, sink, options, extras).Run();
                break;
            case TableFormat.Json:
                new JsonTableReader(source, sink, options, extras).Run();
                break;
            case TableFormat.Libsvm:
                new LibsvmReader(source, sink, options, extras).Run();
                break;
            case TableFormat.Binary:
                new FloatRowReader(source, sink, options, extras).Run();
                break;
        }
        extras.Finish();
    }

    private static void CopyBounded(Stream from, Stream to, long limit, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 16];
        long total = 0;
        for (int read; (read = from.Read(buffer)) > 0; to.Write(buffer.AsSpan(0, read)))
        {
            cancellation.ThrowIfCancellationRequested();
            if ((total += read) > limit)
                throw new DatasetFormatException($"The data is larger than {limit} bytes.");
        }
    }
}
