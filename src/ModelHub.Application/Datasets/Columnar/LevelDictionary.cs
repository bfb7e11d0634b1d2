using System.Runtime.InteropServices;
using System.Text;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>The different texts of a column as UTF-8, numbered by their first appearance.</summary>
internal sealed class LevelDictionary
{
    private byte[] _bytes = new byte[64];
    private readonly List<int> _ends = [];
    private readonly List<ulong> _hashes = [];
    private int[] _slots = new int[16];

    public int Count => _ends.Count;

    public int ByteCount => _ends.Count == 0 ? 0 : _ends[^1];

    /// <summary>Rows by level.</summary>
    public List<long> Rows { get; } = [];

    public ReadOnlySpan<byte> this[int level]
    {
        get
        {
            var start = level == 0 ? 0 : _ends[level - 1];
            return _bytes.AsSpan(start, _ends[level] - start);
        }
    }

    public ulong HashOf(int level) => _hashes[level];

    public string Text(int level) => Encoding.UTF8.GetString(this[level]);

    public static ulong Hash(ReadOnlySpan<byte> text)
    {
        var hash = 0x9e3779b97f4a7c15UL ^ (ulong)text.Length;
        while (text.Length >= 8)
        {
            hash = (hash ^ MemoryMarshal.Read<ulong>(text)) * 0xff51afd7ed558ccd;
            hash ^= hash >> 29;
            text = text[8..];
        }
        ulong tail = 0;
        foreach (var b in text)
            tail = (tail << 8) | b;
        return DistinctSketch.Hash(hash ^ tail);
    }

    /// <summary>The code of a text, -1 when it is new.</summary>
    public int Find(ReadOnlySpan<byte> text, ulong hash)
    {
        var mask = _slots.Length - 1;
        for (var at = (int)hash & mask; _slots[at] != 0; at = (at + 1) & mask)
        {
            var level = _slots[at] - 1;
            if (_hashes[level] == hash && text.SequenceEqual(this[level]))
                return level;
        }
        return -1;
    }

    /// <summary>Adds a text that <see cref="Find"/> did not find.</summary>
    public int Add(ReadOnlySpan<byte> text, ulong hash)
    {
        var end = ByteCount + text.Length;
        if (end > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
        text.CopyTo(_bytes.AsSpan(ByteCount));
        _ends.Add(end);
        _hashes.Add(hash);
        Rows.Add(0);
        if (_ends.Count * 2 > _slots.Length)
            Rehash();
        else
            Place(_ends.Count - 1);
        return _ends.Count - 1;
    }

    public void Write(BinaryWriter to)
    {
        to.Write(Count);
        for (var i = 0; i < Count; i++)
        {
            to.Write(this[i].Length);
            to.Write(this[i]);
            to.Write(Rows[i]);
        }
    }

    public static LevelDictionary Read(BinaryReader from)
    {
        var levels = new LevelDictionary();
        for (var left = from.ReadInt32(); left > 0; left--)
        {
            var text = from.ReadBytes(from.ReadInt32());
            levels.Rows[levels.Add(text, Hash(text))] = from.ReadInt64();
        }
        return levels;
    }

    private void Rehash()
    {
        _slots = new int[_slots.Length * 4];
        for (var level = 0; level < Count; level++)
            Place(level);
    }

    private void Place(int level)
    {
        var mask = _slots.Length - 1;
        var at = (int)_hashes[level] & mask;
        while (_slots[at] != 0)
            at = (at + 1) & mask;
        _slots[at] = level + 1;
    }
}
