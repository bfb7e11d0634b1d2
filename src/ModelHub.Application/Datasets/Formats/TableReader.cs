using ModelHub.Application.Datasets.Columnar;
using ModelHub.Application.Parquet;
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

    /// <summary>The same for columns that know their types.</summary>
    /// <exception cref="DatasetFormatException">The data is refused; the message names row and column.</exception>
    public static TableSchema Ingest(IColumnReader rows, ReadOptions options, string outputPath, CancellationToken cancellation = default)
    {
        using var output = new FileStream(outputPath, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16);
        Ingest(rows, options, output, cancellation);
        using var set = ColumnarSet.Open(output);
        return set.Schema;
    }

    /// <summary>A small file of such columns into memory.</summary>
    public static Table ReadTable(IColumnReader rows, ReadOptions options, CancellationToken cancellation = default)
    {
        using var output = new MemoryStream();
        Ingest(rows, options, output, cancellation);
        using var set = ColumnarSet.Open(output);
        return set.ReadTable(cancellation: cancellation);
    }

    /// <summary>The plain bytes of a file that a reader of its own takes.</summary>
    internal static SpooledFile Spool(Stream input, ReadOptions options, CancellationToken cancellation)
    {
        using var source = new BoundedSource(input, options, cancellation);
        return SpooledFile.Of(buffer => source.Fill(buffer));
    }

    private static void Ingest(IColumnReader rows, ReadOptions options, Stream output, CancellationToken cancellation)
    {
        var sink = new TableSink(new ColumnarWriter(output), options.Limits, options.AllKinds(), TypedTableReader.Texts(rows));
        new TypedTableReader(rows, sink, options).Run(cancellation);
        sink.Finish();
        if (sink.Conflicts.Count > 0)
            throw new DatasetFormatException("The cells are not all of one kind.", null, sink.Conflicts.Order(StringComparer.Ordinal).First());
        output.Position = 0;
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
            case TableFormat.Parquet:
                throw new InvalidOperationException("Parquet is not read from a stream.");
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
