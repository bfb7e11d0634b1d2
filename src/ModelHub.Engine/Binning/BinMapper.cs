using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Binning;

/// <summary>
/// How the values of one feature become bins 0..BinCount-1, with <see cref="Missing"/> for a missing one. A number's bins are
/// quantiles; a value lies in the first bin whose upper cut is not below it. A category's bins are its codes; when there are
/// more codes than bins, the most frequent have their own and all others share the last bin.
/// </summary>
public sealed class BinMapper
{
    public const int Missing = 255;

    // Cut points as ordered integers, padded with the largest to 255 for a search of eight steps without branches.
    private readonly int[] _keys = new int[255];

    private BinMapper(float[] cuts)
    {
        Cuts = cuts;
        CodeBins = [];
        BinCount = cuts.Length + 1;
        Array.Fill(_keys, int.MaxValue);
        for (var i = 0; i < cuts.Length; i++)
            _keys[i] = Key(cuts[i]);
    }

    private BinMapper(byte[] codeBins, int binCount)
    {
        Cuts = [];
        CodeBins = codeBins;
        BinCount = binCount;
    }

    /// <summary>Upper bounds of all but the last bin of a number; empty for a category.</summary>
    public float[] Cuts { get; }

    /// <summary>The bin of each code of a category; empty for a number.</summary>
    public byte[] CodeBins { get; }

    public bool IsCategorical => CodeBins.Length > 0;

    public int BinCount { get; }

    /// <summary>Bins of a category: at most <paramref name="maxBins"/>.</summary>
    /// <param name="codes">Codes of rows as numbers; NaN, negative and unknown codes are missing.</param>
    public static BinMapper OfCategory(ReadOnlySpan<float> codes, int cardinality, int maxBins)
    {
        var bins = new byte[cardinality];
        if (cardinality <= maxBins)
        {
            for (var c = 0; c < cardinality; c++)
                bins[c] = (byte)c;
            return new BinMapper(bins, cardinality);
        }
        var counts = new int[cardinality];
        foreach (var code in codes)
        {
            if (code >= 0 && code < cardinality)
                counts[(int)code]++;
        }
        var order = Enumerable.Range(0, cardinality).OrderByDescending(c => counts[c]).ThenBy(c => c).ToArray();
        for (var i = 0; i < cardinality; i++)
            bins[order[i]] = (byte)Math.Min(i, maxBins - 1);
        return new BinMapper(bins, maxBins);
    }

    /// <summary>Bins of a number from a sample of its values, which is sorted in place; NaNs are left out.</summary>
    public static BinMapper OfNumber(Span<float> sample, int maxBins)
    {
        var count = 0;
        foreach (var value in sample)
        {
            if (!float.IsNaN(value))
                sample[count++] = value + 0f;
        }
        var values = sample[..count];
        FloatSort.Sort(values);
        var distinct = 0;
        for (var i = 0; i < count; i++)
        {
            if (i == 0 || values[i] != values[i - 1])
                distinct++;
        }
        var cuts = new List<float>(Math.Min(distinct, maxBins));
        var binsLeft = maxBins;
        var start = 0;
        for (var i = 1; i < count; i++)
        {
            if (values[i] == values[i - 1])
                continue;
            // Equal shares of what is left: a value that fills several bins' worth takes one, and the others share the rest.
            var full = distinct <= maxBins || i - start >= (count - start) / (double)binsLeft;
            if (!full)
                continue;
            if (binsLeft <= 1)
                break;
            cuts.Add(Between(values[i - 1], values[i]));
            start = i;
            binsLeft--;
        }
        return new BinMapper([.. cuts]);
    }

    /// <summary>The bin of a value.</summary>
    public int Bin(float value)
    {
        if (float.IsNaN(value))
            return Missing;
        if (IsCategorical)
            return value >= 0 && value < CodeBins.Length ? CodeBins[(int)value] : Missing;
        return Search(ref MemoryMarshal.GetArrayDataReference(_keys), Key(value + 0f));
    }

    /// <summary>The bins of several values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Bins(ReadOnlySpan<float> values, Span<byte> bins)
    {
        bins = bins[..values.Length];
        if (IsCategorical)
        {
            for (var i = 0; i < values.Length; i++)
                bins[i] = (byte)Bin(values[i]);
            return;
        }
        ref var keys = ref MemoryMarshal.GetArrayDataReference(_keys);
        for (var i = 0; i < values.Length; i++)
            bins[i] = (byte)(float.IsNaN(values[i]) ? Missing : Search(ref keys, Key(values[i] + 0f)));
    }

    /// <summary>How many of 255 ascending keys are below a key: eight steps without a branch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Search(ref int keys, int key)
    {
        var at = 0;
        for (var half = 128; half > 0; half >>= 1)
            at += (int)((long)Unsafe.Add(ref keys, at + half - 1) - key >> 63) & half;
        return at;
    }

    /// <summary>The threshold of the split after a bin: exactly the values of bins up to it are not above it.</summary>
    public float Threshold(int bin) => bin < Cuts.Length ? Cuts[bin] : float.PositiveInfinity;

    private static int Key(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value);
        return bits ^ (bits >> 31 & int.MaxValue);
    }

    private static float Between(float low, float high)
    {
        var middle = (float)(((double)low + high) / 2);
        return middle >= low && middle < high ? middle : low;
    }
}
