using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>Takes what the reading process sends. Whatever becomes of that process, this one is told and goes on.</summary>
internal sealed class ParquetReader : IColumnReader
{
    private const int MostColumns = 20_000;
    private const int MostTextBytes = 256 << 20;
    private static readonly TimeSpan MostSilence = TimeSpan.FromSeconds(60);
    private readonly Process _child;
    private readonly string _path;
    private readonly Stream _from;
    private readonly Timer _patience;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _stopping;
    private readonly Task<string> _errors;
    private bool _wasSilent;
    private int _waitingRows;
    private long _read;
    private bool _ended;
    private ColumnUse[]? _uses;
    private bool _hasBegun;

    public ParquetReader(Process child, string path, CancellationToken cancellation)
    {
        (_child, _path, _cancellation) = (child, path, cancellation);
        _from = new BufferedStream(child.StandardOutput.BaseStream, 1 << 16);
        _errors = child.StandardError.ReadToEndAsync(CancellationToken.None);
        _patience = new Timer(_ =>
        {
            _wasSilent = true;
            Kill();
        });
        _stopping = cancellation.Register(Kill);
    }

    public IReadOnlyList<TypedColumn> Columns { get; private set; } = [];

    public long RowCount { get; private set; }

    /// <summary>The file is there: what are its columns?</summary>
    public void ReadHead()
    {
        Tell([1]);
        if (Frame() != ParquetFrames.Head)
            throw Crashed();
        RowCount = BitConverter.ToInt64(Take(8));
        var count = BitConverter.ToInt32(Take(4));
        if (count is < 1 or > MostColumns)
            throw Refused($"it has {count} columns; 1 to {MostColumns} are read.");
        var columns = new TypedColumn[count];
        for (var c = 0; c < count; c++)
        {
            var type = (CellType)Take(1)[0];
            columns[c] = new TypedColumn(Encoding.UTF8.GetString(Take(BitConverter.ToInt32(Take(4)))), type);
        }
        Columns = columns;
    }

    public void Choose(IReadOnlyList<ColumnUse> uses) => _uses = [.. uses];

    public ColumnBatch? Read()
    {
        if (_ended)
            return null;
        if (!_hasBegun)
            Tell([.. Columns.Select((_, c) => (byte)(_uses?[c] ?? ColumnUse.Cells))]);
        _hasBegun = true;
        var capacity = ParquetFrames.RowsFor(Columns.Count);
        var batch = new ColumnBatch(Columns, capacity, _uses);
        try
        {
            var texts = 0L;
            while (texts < ParquetFrames.MostBytes && (_waitingRows > 0 || Frame() == ParquetFrames.Rows))
            {
                if (_waitingRows == 0)
                    _waitingRows = BitConverter.ToInt32(Take(4));
                if (batch.Count + _waitingRows > capacity)
                    break;
                texts += ReadRows(batch, _waitingRows);
                _waitingRows = 0;
            }
            _read += batch.Count;
            if (batch.Count > 0)
                return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
        batch.Dispose();
        return null;
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _patience.Dispose();
        Kill();
        _from.Dispose();
        _child.Dispose();
    }

    private long ReadRows(ColumnBatch batch, int rows)
    {
        var texts = 0L;
        for (var c = 0; c < Columns.Count; c++)
        {
            var (column, use) = (batch[c], _uses?[c] ?? ColumnUse.Cells);
            if (use == ColumnUse.None)
                continue;
            if (use == ColumnUse.Feature)
            {
                Fill(column.Room(batch.Count, rows));
                continue;
            }
            if (Take(1)[0] != 0)
            {
                var words = MemoryMarshal.Cast<byte, ulong>(Take((rows + 63) / 64 * 8));
                for (var r = 0; r < rows; r++)
                {
                    if ((words[r >> 6] >> (r & 63) & 1) == 0)
                        column.SetMissing(batch.Count + r);
                }
            }
            if (Columns[c].Type == CellType.Text)
                texts += ReadTexts(column, batch.Count, rows);
            else
                Fill(column.Room(batch.Count, rows));
        }
        batch.Count += rows;
        return texts;
    }

    private long ReadTexts(BatchColumn column, int first, int rows)
    {
        var lengths = MemoryMarshal.Cast<byte, int>(Take(rows * 4));
        var all = 0L;
        foreach (var length in lengths)
            all += length;
        if (all > MostTextBytes)
            throw Refused("its texts are too long.");
        // One read for all of them: they lie one behind the other there as here.
        Fill(column.RoomForTexts(first, lengths, (int)all));
        return all;
    }

    /// <summary>The letter of the next frame; a refusal is thrown.</summary>
    private byte Frame()
    {
        var letter = Take(1)[0];
        switch (letter)
        {
            case ParquetFrames.Refusal:
                throw Refused(Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4)))).Replace(_path, "the file", StringComparison.Ordinal));
            case ParquetFrames.End:
                _ended = true;
                return letter;
            case ParquetFrames.Head or ParquetFrames.Rows:
                return letter;
            default:
                throw Crashed();
        }
    }

    private void Tell(byte[] bytes)
    {
        try
        {
            _child.StandardInput.BaseStream.Write(bytes);
            _child.StandardInput.BaseStream.Flush();
        }
        catch (IOException)
        {
            // It has ended; reading from it tells why.
        }
    }

    private byte[] Take(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    private void Fill(Span<byte> to)
    {
        _patience.Change(MostSilence, Timeout.InfiniteTimeSpan);
        try
        {
            _from.ReadExactly(to);
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            throw Crashed();
        }
        _patience.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private Exception Crashed()
    {
        _cancellation.ThrowIfCancellationRequested();
        if (_wasSilent)
            return Refused("reading it takes too long.");
        _child.WaitForExit(5000);
        var code = _child.HasExited ? _child.ExitCode : -1;
        return Refused(_errors is { IsCompletedSuccessfully: true, Result: var said } && said.Contains("OutOfMemory", StringComparison.Ordinal)
            ? "reading it takes too much memory." : $"reading it broke the reader (exit code {code}).");
    }

    private ModelHubException Refused(string reason)
    {
        var place = _read > 0 ? $" After row {_read}:" : "";
        // The cause stands behind the last "Error:", on one line; what surrounds it is about the query.
        reason = reason[(reason.LastIndexOf("Error: ", StringComparison.Ordinal) is >= 0 and var at ? at + "Error: ".Length : 0)..];
        reason = reason.Split('\n')[0];
        return ModelHubException.Invalid("file", $"The Parquet file cannot be read.{place} {(reason.Length <= 500 ? reason : reason[..500])}");
    }

    private void Kill()
    {
        try
        {
            if (!_child.HasExited)
                _child.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It ended by itself.
        }
    }
}
