using System.Numerics;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>
/// How many different values there were: exact up to 256, then an estimate with 1,024 registers, off by about 3 % (HyperLogLog;
/// Flajolet, Fusy, Gandouet, Meunier 2007, with linear counting below 2.5 times the registers).
/// </summary>
internal sealed class DistinctSketch
{
    private const int ExactLimit = 256;
    private const int Slots = 1024;
    private ulong[]? _exact = new ulong[16];
    private int _count;
    private byte[]? _registers;

    public long Estimate
    {
        get
        {
            if (_registers is null)
                return _count;
            var sum = 0.0;
            var empty = 0;
            foreach (var r in _registers)
            {
                sum += Math.ScaleB(1, -r);
                empty += r == 0 ? 1 : 0;
            }
            var raw = 0.7213 / (1 + 1.079 / Slots) * Slots * Slots / sum;
            var estimate = raw <= 2.5 * Slots && empty > 0 ? Slots * Math.Log((double)Slots / empty) : raw;
            return Math.Max(ExactLimit + 1, (long)Math.Round(estimate));
        }
    }

    /// <summary>Spreads the bits of a value (the finaliser of MurmurHash3); never 0, which marks a free slot.</summary>
    public static ulong Hash(ulong bits)
    {
        bits ^= bits >> 33;
        bits *= 0xff51afd7ed558ccd;
        bits ^= bits >> 33;
        bits *= 0xc4ceb9fe1a85ec53;
        bits ^= bits >> 33;
        return bits == 0 ? 1 : bits;
    }

    public void Add(ulong hash)
    {
        if (_registers is { } registers)
        {
            var slot = (int)(hash >> 54);
            var rank = (byte)(BitOperations.LeadingZeroCount((hash << 10) | 512) + 1);
            if (rank > registers[slot])
                registers[slot] = rank;
            return;
        }
        var table = _exact!;
        var mask = (uint)table.Length - 1;
        for (var at = (uint)hash & mask; ; at = (at + 1) & mask)
        {
            if (table[at] == hash)
                return;
            if (table[at] != 0)
                continue;
            table[at] = hash;
            break;
        }
        if (++_count * 2 > table.Length)
            Grow();
    }

    public void Merge(DistinctSketch other)
    {
        if (other._registers is null)
        {
            foreach (var hash in other._exact!)
            {
                if (hash != 0)
                    Add(hash);
            }
            return;
        }
        Spill();
        for (var i = 0; i < Slots; i++)
            _registers![i] = Math.Max(_registers[i], other._registers[i]);
    }

    public void Write(BinaryWriter to)
    {
        to.Write(_registers is null ? _count : -1);
        if (_registers is not null)
        {
            to.Write(_registers);
            return;
        }
        var hashes = Array.FindAll(_exact!, h => h != 0);
        Array.Sort(hashes);
        foreach (var hash in hashes)
            to.Write(hash);
    }

    public static DistinctSketch Read(BinaryReader from)
    {
        var sketch = new DistinctSketch();
        var count = from.ReadInt32();
        if (count < 0)
        {
            sketch._exact = null;
            sketch._registers = from.ReadBytes(Slots);
        }
        for (var i = 0; i < count; i++)
            sketch.Add(from.ReadUInt64());
        return sketch;
    }

    private void Grow()
    {
        if (_count > ExactLimit)
        {
            Spill();
            return;
        }
        var old = _exact!;
        _exact = new ulong[old.Length * 2];
        _count = 0;
        foreach (var hash in old)
        {
            if (hash != 0)
                Add(hash);
        }
    }

    private void Spill()
    {
        if (_registers is not null)
            return;
        var old = _exact!;
        _exact = null;
        _registers = new byte[Slots];
        foreach (var hash in old)
        {
            if (hash != 0)
                Add(hash);
        }
    }
}
