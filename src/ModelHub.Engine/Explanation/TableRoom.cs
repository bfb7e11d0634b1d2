namespace ModelHub.Engine.Explanation;

/// <summary>What the tables of one explainer take of a memory that many share; it is free again when the explainer has been collected.</summary>
/// <param name="most">Bytes that one may take.</param>
internal sealed class TableRoom(TableRoom.Memory memory, long most = 64L << 20)
{
    private long _taken;

    ~TableRoom() => memory.Return(_taken);

    public bool TryTake(long bytes)
    {
        if (_taken + bytes > most || !memory.TryTake(bytes))
            return false;
        _taken += bytes;
        return true;
    }

    internal sealed class Memory(long bytes)
    {
        private long _free = bytes;

        /// <summary>That of all explainers of the process: an eighth of what it has, at most a gigabyte.</summary>
        public static Memory OfProcess { get; } = new(Math.Min(1L << 30, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 8));

        public long Free => Volatile.Read(ref _free);

        public bool TryTake(long wanted)
        {
            if (Interlocked.Add(ref _free, -wanted) >= 0)
                return true;
            Return(wanted);
            return false;
        }

        public void Return(long taken) => Interlocked.Add(ref _free, taken);
    }
}
