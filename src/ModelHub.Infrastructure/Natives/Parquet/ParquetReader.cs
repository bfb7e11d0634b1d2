using System.Runtime.InteropServices;
using System.Text;
using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// Rows as the reading process lays them into shared memory, of which a batch is a slot. Nothing that process says or writes is believed further
/// than bounds that are reckoned here.
/// </summary>
internal sealed unsafe class ParquetReader(ReadingProcess child) : IColumnReader
{
    /// <summary>Each processor scores a batch, and one is held ready for it; one is read meanwhile.</summary>
    private static readonly int Slots = Math.Min(2 * Environment.ProcessorCount + 1, 64);

    private readonly SemaphoreSlim _free = new(0);
    private readonly Queue<byte> _order = new();
    private ColumnChoices? _wanted;
    private SlotLayout? _layout;
    private SharedSlots? _memory;
    private bool _ended;

    public IReadOnlyList<TypedColumn> Columns { get; private set; } = [];

    public long RowCount { get; private set; }

    /// <summary>What are its columns?</summary>
    public void ReadHead()
    {
        if (ParquetSchema.Refusal(child.Path) is { } reason)
            throw child.Refused(reason);
        if (Frame() != ParquetFrames.Head)
            throw child.Crashed();
        RowCount = BitConverter.ToInt64(child.Take(8));
        var count = BitConverter.ToInt32(child.Take(4));
        if (count is < 1 or > ParquetEnd.MostColumns)
            throw child.Refused(ParquetSchema.TooMany(count));
        var columns = new TypedColumn[count];
        for (var c = 0; c < count; c++)
        {
            var type = (CellType)child.Take(1)[0];
            columns[c] = new TypedColumn(TakeText(), type);
        }
        Columns = columns;
    }

    public void Choose(ColumnChoices wanted) => _wanted = wanted;

    public ColumnBatch? Read()
    {
        if (_ended)
            return null;
        if (_memory is null)
            Begin();
        // Batches that are still used elsewhere: theirs are the slots.
        _free.Wait();
        byte slot;
        lock (_order)
            slot = _order.Dequeue();
        var start = _memory!.Start + slot * _layout!.Bytes;
        var cells = new BatchColumn?[Columns.Count];
        try
        {
            var rows = ReadRows(cells);
            if (rows == 0)
                return null;
            for (var c = 0; c < cells.Length; c++)
                cells[c] ??= _layout.Cells[c] == 0 ? new BatchColumn(Columns[c], 0) : InSlot(start, c, rows);
            _memory.Hold();
            var batch = new ColumnBatch(Columns, cells!, rows, (float*)(start + _layout.Features), _wanted!.Width, () => Free(slot));
            child.RowsRead += rows;
            cells = [];
            return batch;
        }
        finally
        {
            foreach (var column in cells)
                column?.Dispose();
        }
    }

    public void Dispose()
    {
        child.Dispose();
        _memory?.Dispose();
    }

    private void Begin()
    {
        _wanted ??= ColumnChoices.Everything(Columns.Count);
        _layout = new SlotLayout(Columns, _wanted);
        _memory = SharedSlots.Create(_layout.Bytes * Slots);
        using var said = new MemoryStream();
        using var writer = new BinaryWriter(said);
        for (var c = 0; c < Columns.Count; c++)
        {
            writer.Write((byte)(_wanted.Cells[c] ? 1 : 0));
            writer.Write(_wanted.Features[c]);
        }
        writer.Write(_wanted.Width);
        writer.Write(_layout.Bytes * Slots);
        var path = Encoding.UTF8.GetBytes(_memory.Path);
        writer.Write(path.Length);
        writer.Write(path);
        child.Tell(said.ToArray());
        for (var slot = 0; slot < Slots; slot++)
            Offer((byte)slot);
    }

    /// <summary>The texts of a batch, and how many rows of it lie in its slot; 0 at the end.</summary>
    private int ReadRows(BatchColumn?[] cells)
    {
        var (count, texts) = (0, 0L);
        while (Frame() is var letter && letter != ParquetFrames.End)
        {
            if (letter == ParquetFrames.Batch && count > 0)
                return count;
            var rows = letter == ParquetFrames.Rows ? BitConverter.ToInt32(child.Take(4)) : 0;
            if (rows < 1 || rows > _layout!.Rows - count)
                throw child.Crashed();
            for (var c = 0; c < Columns.Count; c++)
            {
                if (Columns[c].Type == CellType.Text && _wanted!.Cells[c])
                    texts += ReadTexts(cells[c] ??= new BatchColumn(Columns[c], _layout.Rows), count, rows);
            }
            if (texts > int.MaxValue / 2)
                throw child.Refused("its texts are too long.");
            count += rows;
        }
        _ended = true;
        return count == 0 ? 0 : throw child.Crashed();
    }

    private long ReadTexts(BatchColumn column, int first, int rows)
    {
        var lengths = MemoryMarshal.Cast<byte, int>(child.Take(rows * 4).AsSpan());
        var all = 0L;
        for (var r = 0; r < rows; r++)
        {
            if (lengths[r] < ParquetFrames.NoText)
                throw child.Crashed();
            if (lengths[r] == ParquetFrames.NoText)
            {
                lengths[r] = 0;
                column.SetMissing(first + r);
            }
            all += lengths[r];
        }
        if (all > ParquetFrames.MostTextBytes)
            throw child.Refused("its texts are too long.");
        // One read for all of them: they lie one behind the other there as here.
        child.Fill(column.RoomForTexts(first, lengths, (int)all));
        return all;
    }

    private BatchColumn InSlot(byte* slot, int at, int rows)
    {
        var column = new BatchColumn(Columns[at], rows, slot + _layout!.Cells[at]);
        for (var r = 0; slot[at] != 0 && r < rows; r++)
        {
            if (slot[_layout.Missing[at] + r] != 0)
                column.SetMissing(r);
        }
        return column;
    }

    private void Offer(byte slot)
    {
        // In the order in which the reading process hears of them.
        lock (_order)
        {
            _order.Enqueue(slot);
            child.Tell([slot]);
        }
        _free.Release();
    }

    private void Free(byte slot)
    {
        Offer(slot);
        _memory!.LetGo();
    }

    /// <summary>The letter of the next frame; a refusal is thrown.</summary>
    private byte Frame() => child.Take(1)[0] is var letter && letter != ParquetFrames.Refusal ? letter : throw child.Refused(TakeText());

    private string TakeText()
    {
        var length = BitConverter.ToInt32(child.Take(4));
        return length is >= 0 and <= 1 << 20 ? Encoding.UTF8.GetString(child.Take(length)) : throw child.Crashed();
    }
}
