using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelHub.Application.Parquet;

/// <summary>
/// Reads the cells of a column of a row group, front to back, with one page in memory. What is damaged throws an <see cref="InvalidDataException"/> or what
/// arithmetic and spans throw.
/// </summary>
internal sealed class ColumnCursor(SafeFileHandle file, StoredColumn column, ParquetPage[] pages) : IDisposable
{
    private readonly int _width = column.Column.Width;
    private byte[] _page = [];
    private int _pageLength;
    private PageKind _kind;
    private int[] _numbers = [];
    private bool[]? _missing;
    private byte[] _dictionary = [];
    private int[] _ends = [];
    private int _next;

    // Of the page: its rows, the next one, the next value that is there, and where the next text is.
    private int _rows;
    private int _row;
    private int _value;
    private int _at;

    /// <summary>Bytes of the longest text of the dictionary.</summary>
    public int LongestText { get; private set; }

    /// <summary>Loads the dictionary, if there is one.</summary>
    public void Begin()
    {
        if (pages is not [{ Kind: PageKind.Dictionary } page, ..])
            return;
        _next = 1;
        Load(page);
        if (column.Stored == Stored.Text)
        {
            _ends = ArrayPool<int>.Shared.Rent(page.Values);
            _dictionary = ArrayPool<byte>.Shared.Rent(_pageLength);
            for (var (v, at, end) = (0, 0, 0); v < page.Values; v++)
            {
                var text = StoredValues.Text(_page.AsSpan(0, _pageLength), ref at);
                text.CopyTo(_dictionary.AsSpan(end));
                _ends[v] = end += text.Length;
                LongestText = Math.Max(LongestText, text.Length);
            }
            return;
        }
        _dictionary = ArrayPool<byte>.Shared.Rent(Math.Max(1, checked(page.Values * _width)));
        StoredValues.Read(column, _page.AsSpan(0, _pageLength), 0, page.Values, _dictionary);
    }

    /// <summary>The next cells of fixed width.</summary>
    /// <param name="missing">A flag for each, set where it is missing.</param>
    /// <returns>False when none is set.</returns>
    public bool Read(Span<byte> cells, Span<bool> missing)
    {
        var isAnyMissing = false;
        for (var done = 0; done < missing.Length;)
        {
            var count = Turn(missing.Length - done);
            var to = cells.Slice(done * _width, count * _width);
            var absent = Absent(count);
            if (absent.IsEmpty)
            {
                Values(to, count);
                missing.Slice(done, count).Clear();
            }
            else
            {
                isAnyMissing = true;
                absent.CopyTo(missing[done..]);
                Values(to, count - absent.Count(true));
                Spread(to, absent);
            }
            (done, _row) = (done + count, _row + count);
        }
        return isAnyMissing;
    }

    /// <summary>The next texts.</summary>
    public long ReadTexts(BatchColumn to, int first, int rows)
    {
        var (bytes, end) = (0L, first + rows);
        while (first < end)
        {
            var count = Turn(end - first);
            var absent = Absent(count);
            for (var r = 0; r < count; r++)
            {
                if (!absent.IsEmpty && absent[r])
                {
                    to.RoomForTexts(first + r, [0], 0);
                    to.SetMissing(first + r);
                    continue;
                }
                var text = NextText();
                text.CopyTo(to.RoomForTexts(first + r, [text.Length], text.Length));
                bytes += text.Length;
            }
            (first, _row) = (first + count, _row + count);
        }
        return bytes;
    }

    public void Dispose()
    {
        Release();
        Return(_dictionary);
        ArrayPool<int>.Shared.Return(_ends);
        (_dictionary, _ends) = ([], []);
    }

    /// <summary>Rows of the page that is there, or of the next one, of so many that are wanted.</summary>
    private int Turn(int wanted)
    {
        while (_row == _rows)
        {
            if (_next == pages.Length)
                throw new InvalidDataException();
            Open(pages[_next++]);
        }
        return Math.Min(wanted, _rows - _row);
    }

    /// <summary>By row whether it is missing; empty where none of the page is.</summary>
    private ReadOnlySpan<bool> Absent(int count) => _missing is null ? [] : _missing.AsSpan(_row, count);

    private ReadOnlySpan<byte> NextText()
    {
        if (_kind != PageKind.Numbers)
            return StoredValues.Text(_page.AsSpan(0, _pageLength), ref _at);
        var number = _numbers[_value++];
        return _dictionary.AsSpan((number == 0 ? 0 : _ends[number - 1])..(_ends[number]));
    }

    /// <summary>So many of the values that are there.</summary>
    private void Values(Span<byte> to, int count)
    {
        var numbers = _kind == PageKind.Plain ? [] : _numbers.AsSpan(_value, count);
        switch (_kind)
        {
            case PageKind.Plain:
                StoredValues.Read(column, _page.AsSpan(_at, _pageLength - _at), _value, count, to);
                break;
            case PageKind.Runs:
                for (var i = 0; i < count; i++)
                    to[i] = (byte)numbers[i];
                break;
            default:
                switch (_width)
                {
                    case 8:
                        Gather<long>(numbers, to);
                        break;
                    case 4:
                        Gather<int>(numbers, to);
                        break;
                    default:
                        Gather<byte>(numbers, to);
                        break;
                }
                break;
        }
        _value += count;
    }

    private void Gather<T>(ReadOnlySpan<int> numbers, Span<byte> to)
        where T : unmanaged
    {
        var cells = MemoryMarshal.Cast<byte, T>(to);
        var dictionary = MemoryMarshal.Cast<byte, T>(_dictionary);
        for (var i = 0; i < numbers.Length; i++)
            cells[i] = dictionary[numbers[i]];
    }

    /// <summary>Moves the cells that are there, which lie in front, to where they belong.</summary>
    private void Spread(Span<byte> cells, ReadOnlySpan<bool> absent)
    {
        var from = absent.Length - absent.Count(true);
        for (var r = absent.Length - 1; r > from - 1 && from > 0; r--)
        {
            if (!absent[r])
                cells.Slice(--from * _width, _width).CopyTo(cells[(r * _width)..]);
        }
    }

    private void Open(ParquetPage page)
    {
        Load(page);
        (_rows, _row, _value, _kind) = (page.Values, 0, 0, page.Kind);
        var rest = _page.AsSpan(0, _pageLength);
        var levels = Levels(page, ref rest);
        var present = _rows;
        if (column.IsOptional && _rows > 0 && !HybridRuns.IsAllOnes(levels, _rows))
        {
            _numbers = ArrayPool<int>.Shared.Rent(_rows);
            HybridRuns.Read(levels, 1, _numbers.AsSpan(0, _rows));
            _missing = ArrayPool<bool>.Shared.Rent(_rows);
            for (var r = 0; r < _rows; r++)
                _missing[r] = _numbers[r] == 0;
            present -= _missing.AsSpan(0, _rows).Count(true);
        }
        if (_kind == PageKind.Plain || present == 0)
        {
            _at = _pageLength - rest.Length;
            return;
        }
        if (_numbers.Length < present)
            _numbers = ArrayPool<int>.Shared.Rent(present);
        // In front of truth values stands the length of all, in front of numbers how many bits each has.
        var isRuns = _kind == PageKind.Runs;
        HybridRuns.Read(rest[(isRuns ? sizeof(int) : 1)..], isRuns ? 1 : rest[0], _numbers.AsSpan(0, present));
        if (_kind == PageKind.Numbers && _numbers.AsSpan(0, present).ContainsAnyExceptInRange(0, pages[0].Values - 1))
            throw new InvalidDataException("a value is none of its column's dictionary.");
    }

    /// <summary>What says which cells are missing; it is cut off the rest.</summary>
    private ReadOnlySpan<byte> Levels(ParquetPage page, ref Span<byte> rest)
    {
        var length = Math.Max(0, page.LevelBytes);
        if (page.LevelBytes < 0 && column.IsOptional)
        {
            length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            rest = rest[4..];
        }
        var levels = rest[..length];
        rest = rest[length..];
        return levels;
    }

    /// <summary>Reads a page's bytes and unpacks them.</summary>
    private void Load(ParquetPage page)
    {
        Release();
        var packed = ArrayPool<byte>.Shared.Rent(Math.Max(1, page.Packed));
        if (RandomAccess.Read(file, packed.AsSpan(0, page.Packed), page.Start) < page.Packed)
        {
            ArrayPool<byte>.Shared.Return(packed);
            throw new InvalidDataException();
        }
        (_page, _pageLength) = (packed, page.Packed);
        if (page.Packing == Packing.None)
            return;
        var unpacked = ArrayPool<byte>.Shared.Rent(page.Unpacked + BackCopy.Slack);
        try
        {
            var levels = Math.Max(0, page.LevelBytes);
            packed.AsSpan(0, levels).CopyTo(unpacked);
            var from = packed.AsSpan(levels, page.Packed - levels);
            var to = unpacked.AsSpan(levels, page.Unpacked - levels + BackCopy.Slack);
            if (page.Packing == Packing.Snappy)
                Snappy.Unpack(from, to);
            else
                Zstandard.Unpack(from, to);
            (_page, _pageLength) = (unpacked, page.Unpacked);
            unpacked = packed;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(unpacked);
        }
    }

    private void Release()
    {
        Return(_page);
        ArrayPool<int>.Shared.Return(_numbers);
        if (_missing is not null)
            ArrayPool<bool>.Shared.Return(_missing);
        (_page, _pageLength, _numbers, _missing) = ([], 0, [], null);
    }

    private static void Return(byte[] rented) => ArrayPool<byte>.Shared.Return(rented);
}
