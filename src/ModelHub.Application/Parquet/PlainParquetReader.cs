using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace ModelHub.Application.Parquet;

/// <summary>
/// Reads Parquet files of the plain kind (see <see cref="ParquetFooter"/>) in this process: managed code, that a damaged file can make refuse it and nothing
/// else. Where all pages are, and that they are of a kind that is understood, is known before the first is read. Row groups are read ahead side by side.
/// </summary>
public sealed class PlainParquetReader : IColumnReader
{
    /// <summary>Pages of all columns and groups.</summary>
    private const int MostPages = 1 << 17;

    /// <summary>Bytes of the pages of one row group that are open at a time, a page of each column; and of all groups that are read side by side.</summary>
    private const long MostOpen = 256 << 20;
    private const long MostOpenAhead = 128 << 20;

    /// <summary>How far a file may grow when it is unpacked: so many times, and a gigabyte. One that grows further is left to a process that can be ended.</summary>
    private const long MostGrowth = 64;
    private const long MostGrown = 1L << 30;

    /// <summary>Batches of a row group that lie ready.</summary>
    private const int ReadyBatches = 2;

    private readonly SafeFileHandle _file;
    private readonly ParquetFooter _footer;
    private readonly ParquetPage[][][] _pages;
    private readonly CancellationTokenSource _stop;
    private readonly Queue<Channel<ColumnBatch>> _ahead = new();
    private readonly TypedColumn[] _columns;
    private readonly List<Task> _lanes = [];
    private ColumnChoices? _wanted;
    private int _nextGroup;
    private long _rowsRead;

    private PlainParquetReader(SafeFileHandle file, ParquetFooter footer, ParquetPage[][][] pages, CancellationToken cancellation)
    {
        (_file, _footer, _pages) = (file, footer, pages);
        _columns = [.. footer.Columns.Select(c => c.Column)];
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
    }

    public IReadOnlyList<TypedColumn> Columns => _columns;

    public long RowCount => _footer.Rows;

    /// <summary>Null when the file is of another kind, or what it says of itself is not so.</summary>
    public static PlainParquetReader? TryOpen(string path, CancellationToken cancellation)
    {
        var file = File.OpenHandle(path);
        try
        {
            if (ParquetFooter.Read(file) is { } footer && AllPages(file, footer, cancellation) is { } pages)
                return new PlainParquetReader(file, footer, pages, cancellation);
        }
        catch (Exception broken) when (IsDamage(broken))
        {
            // Whoever reads everything tells what is wrong with it.
        }
        catch
        {
            file.Dispose();
            throw;
        }
        file.Dispose();
        return null;
    }

    public void Choose(ColumnChoices wanted) => _wanted = wanted;

    public ColumnBatch? Read() => ReadAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask<ColumnBatch?> ReadAsync()
    {
        ReadAhead();
        while (_ahead.TryPeek(out var group))
        {
            try
            {
                if (await group.Reader.WaitToReadAsync(CancellationToken.None) && group.Reader.TryRead(out var batch))
                {
                    _rowsRead += batch.Count;
                    return batch;
                }
            }
            catch (Exception broken) when (IsDamage(broken))
            {
                throw ParquetRefusals.Refused(broken is InvalidDataException ? broken.Message : "a page is damaged.", _rowsRead);
            }
            _ahead.Dequeue();
            ReadAhead();
        }
        return null;
    }

    public void Dispose()
    {
        _stop.Cancel();
        Task.WaitAll([.. _lanes]);
        foreach (var group in _ahead)
        {
            while (group.Reader.TryRead(out var batch))
                batch.Dispose();
        }
        _stop.Dispose();
        _file.Dispose();
    }

    private static ParquetPage[][][]? AllPages(SafeFileHandle file, ParquetFooter footer, CancellationToken cancellation)
    {
        var (left, room) = (MostPages, MostGrown + MostGrowth * RandomAccess.GetLength(file));
        var all = new ParquetPage[footer.Groups.Length][][];
        for (var g = 0; g < all.Length; g++)
        {
            all[g] = new ParquetPage[footer.Columns.Length][];
            for (var c = 0; c < footer.Columns.Length; c++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (ParquetPage.All(file, footer.Columns[c], footer.Groups[g].Chunks[c], footer.Groups[g].Rows, left) is not { } pages)
                    return null;
                all[g][c] = pages;
                left -= pages.Length;
            }
            room -= all[g].Sum(c => c.Sum(p => (long)p.Unpacked));
            if (room < 0 || all[g].Sum(OpenBytes) > MostOpen)
                return null;
        }
        return all;
    }

    /// <summary>The largest page unpacked, with a number and a flag per row, and the dictionary.</summary>
    private static long OpenBytes(ParquetPage[] pages) => pages.Length == 0 ? 0
        : pages.Max(p => p.Unpacked + p.Packed + 5L * p.Values) + (pages[0].Kind == PageKind.Dictionary ? pages[0].Unpacked + 8L * pages[0].Values : 0);

    private void ReadAhead()
    {
        _wanted ??= ColumnChoices.Everything(_columns.Length);
        while (_nextGroup < _pages.Length && (_ahead.Count == 0 || _ahead.Count < Environment.ProcessorCount
            && (_ahead.Count + 1) * _pages[_nextGroup].Where((_, c) => _wanted.Cells[c] || _wanted.Features[c] >= 0).Sum(OpenBytes) <= MostOpenAhead))
        {
            var (group, ready) = (_nextGroup++, Channel.CreateBounded<ColumnBatch>(ReadyBatches));
            _ahead.Enqueue(ready);
            _lanes.RemoveAll(l => l.IsCompleted);
            _lanes.Add(Task.Run(() => ReadGroupAsync(group, ready.Writer)));
        }
    }

    private async Task ReadGroupAsync(int group, ChannelWriter<ColumnBatch> ready)
    {
        try
        {
            using var rows = new GroupRows(_file, _footer.Columns, _columns, _footer.Groups[group].Rows, _pages[group], _wanted!);
            rows.Begin();
            // Where there is room first: what was read then finds it.
            while (await ready.WaitToWriteAsync(_stop.Token) && rows.Next() is { } batch)
                ready.TryWrite(batch);
            ready.Complete();
        }
        catch (Exception failure)
        {
            ready.Complete(failure);
        }
    }

    /// <summary>What reading bytes that are not what they should be ends in.</summary>
    private static bool IsDamage(Exception failure) =>
        failure is InvalidDataException or IndexOutOfRangeException or ArgumentException or OverflowException;
}
