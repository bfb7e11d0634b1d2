using System.Runtime.CompilerServices;

namespace ModelHub.Engine.Numerics;

/// <summary>xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64: equal seeds, equal numbers, on every machine and version.</summary>
public sealed class SeededRandom
{
    private ulong _a, _b, _c, _d;

    public SeededRandom(ulong seed)
    {
        _a = Mix(ref seed);
        _b = Mix(ref seed);
        _c = Mix(ref seed);
        _d = Mix(ref seed);
    }

    /// <summary>The stream that two numbers name (a tree and a node, say), whichever order threads come to it in.</summary>
    public SeededRandom(ulong seed, ulong stream, ulong part)
        : this(Derive(Derive(seed, stream), part))
    {
    }

    /// <summary>A seed of its own for the part that a number names: a fold, a trial, a tree.</summary>
    public static ulong Derive(ulong seed, ulong part)
    {
        var state = seed ^ (part + 1) * 0x9E3779B97F4A7C15;
        return Mix(ref state);
    }

    public ulong Next()
    {
        var result = ulong.RotateLeft(_b * 5, 7) * 9;
        var t = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= t;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound).</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>Draws <paramref name="count"/> of the items, without replacement, to the front of the span.</summary>
    public void Draw(Span<int> items, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var j = i + Below(items.Length - i);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
