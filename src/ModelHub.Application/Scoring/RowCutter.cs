using System.Buffers;
using System.IO.Pipelines;

namespace ModelHub.Application.Scoring;

/// <summary>Whole rows of a body in memory of their own, given back when they were read.</summary>
internal sealed class TextRows(byte[] rented, int from, int to, bool isFirst) : IDisposable
{
    public ReadOnlySpan<byte> Span => rented.AsSpan(from, to - from);

    /// <summary>Whether these are the first rows of the body.</summary>
    public bool IsFirst { get; } = isFirst;

    public void Dispose() => ArrayPool<byte>.Shared.Return(rented);
}

/// <summary>Cuts a body into blocks of whole rows as it comes in. One reader at a time.</summary>
/// <param name="mostRows">Of a block; asked for each one, when what comes before the rows was read.</param>
internal sealed class RowCutter(IRowFormat format, Func<int> mostRows, PipeReader body) : IDisposable
{
    /// <summary>Bytes that are waited for, unless the body ends: a block is at least that long, or has as many rows as it may.</summary>
    public const int BlockBytes = 256 << 10;

    private const int LongestRow = 16 << 20;

    /// <summary>A row beyond it is most likely none: what more there is of it is read at <see cref="QuietPace"/>.</summary>
    private const int LongRow = 1 << 20;
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(BlockBytes * 2);
    private int _length;
    private int _head = -1;

    /// <summary>With fewer bytes the head is not looked for again: looking at every block would take the square of its length.</summary>
    private int _fewestForHead;
    private ScanState _state;
    private bool _isFirst = true;
    private bool _isAll;

    /// <summary>The next rows; null when there are no more.</summary>
    /// <param name="cancellation">Of whoever cancels the body's pending read.</param>
    /// <exception cref="RowRefusal">What comes before the rows is broken, or a row is too long.</exception>
    public async ValueTask<TextRows?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (Cut() is { } rows)
                return rows;
            if (_isAll)
                return null;
            if (_length - _head > LongestRow)
                throw new RowRefusal(null, null, $"A row is longer than {LongestRow} bytes.");
            if (_length - _head > LongRow)
                await Task.Delay(QuietPace.Pause, cancellation);
            var read = await body.ReadAtLeastAsync(BlockBytes, CancellationToken.None);
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                throw new OperationCanceledException(cancellation);
            }
            var taken = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, _length - _head > LongRow ? QuietPace.Piece : LongestRow));
            _isAll = read.IsCompleted && taken.Length == read.Buffer.Length;
            Append(taken);
            body.AdvanceTo(taken.End);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void Append(ReadOnlySequence<byte> taken)
    {
        var coming = (int)taken.Length;
        if (_length + coming > _bytes.Length)
        {
            var read = Math.Max(0, _head);
            var larger = ArrayPool<byte>.Shared.Rent(_length - read + coming);
            _bytes.AsSpan(read, _length - read).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            (_bytes, _length, _head) = (larger, _length - read, _head - read);
            _state.At -= read;
        }
        taken.CopyTo(_bytes.AsSpan(_length));
        _length += coming;
    }

    /// <summary>Hands over the whole rows that have come, or as many as are wanted. The shorter part, they or what follows, moves to another buffer.</summary>
    private TextRows? Cut()
    {
        if (_head < 0)
        {
            if (_length < _fewestForHead && !_isAll)
                return null;
            _fewestForHead = 2 * _length;
            _head = format.ReadHead(_bytes.AsSpan(0, _length), _isAll);
            if (_head < 0)
                return null;
            _state.At = _head;
        }
        var end = format.LastBoundary(_bytes.AsSpan(0, _length), mostRows(), ref _state);
        if (_isAll && !_state.IsFull)
            end = _length;
        if (end <= _head)
            return null;
        TextRows rows;
        if (end - _head < _length - end)
        {
            var own = ArrayPool<byte>.Shared.Rent(end - _head);
            _bytes.AsSpan(_head, end - _head).CopyTo(own);
            rows = new TextRows(own, 0, end - _head, _isFirst);
            _head = end;
        }
        else
        {
            rows = new TextRows(_bytes, _head, end, _isFirst);
            var next = ArrayPool<byte>.Shared.Rent(Math.Max(BlockBytes * 2, _length - end));
            _bytes.AsSpan(end, _length - end).CopyTo(next);
            (_bytes, _length, _head) = (next, _length - end, 0);
            _state.At -= end;
        }
        _isFirst = false;
        return rows;
    }
}
