using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace ModelHub.Api.Hosting;

/// <summary>
/// The memory that Kestrel reads requests into. Its own blocks are of 4 KB, and every block is a call of the system of its own: long bodies cost several
/// times as much by the megabyte as in blocks of this length. A connection that waits holds none.
/// </summary>
internal sealed class ReceiveBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    public const int BlockBytes = 32 << 10;

    /// <summary>16 MB of them: what many requests needed at once goes back to the runtime.</summary>
    private const int MostKept = 512;
    private readonly ConcurrentQueue<Block> _kept = [];
    private int _count;

    public override int MaxBufferSize => BlockBytes;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (!_kept.TryDequeue(out var block))
            return new Block(this);
        Interlocked.Decrement(ref _count);
        return block;
    }

    /// <summary>One pool serves all connections for the life of the process.</summary>
    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _count) <= MostKept)
            _kept.Enqueue(block);
        else
            Interlocked.Decrement(ref _count);
    }

    private sealed class Block(ReceiveBlocks pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public void Dispose() => pool.Return(this);
    }
}
