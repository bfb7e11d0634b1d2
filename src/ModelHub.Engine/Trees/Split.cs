using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelHub.Engine.Binning;

namespace ModelHub.Engine.Trees;

/// <summary>A set of bins: which of them go to the left.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BinSet
{
    private ulong _a, _b, _c, _d;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int bin)
    {
        var bit = 1UL << (bin & 63);
        switch (bin >> 6)
        {
            case 0: _a |= bit; break;
            case 1: _b |= bit; break;
            case 2: _c |= bit; break;
            default: _d |= bit; break;
        }
    }

    /// <param name="bin">0..255.</param>
    public readonly bool Contains(int bin)
        => (Unsafe.Add(ref Unsafe.AsRef(in _a), bin >> 6 & 3) >> (bin & 63) & 1) != 0;
}

/// <summary>A way to divide a node's rows. Feature is -1 when there is none.</summary>
internal struct Split
{
    public int Feature;
    public double Gain;

    /// <summary>The last bin on the left, -1 for categories.</summary>
    public int Bin;

    public BinSet Left;

    /// <summary>Packed sums of the left child; not kept by multiclass forests.</summary>
    public long LeftSum;

    public static Split None => new() { Feature = -1, Gain = double.NegativeInfinity, Bin = -1 };

    public readonly bool MissingLeft => Left.Contains(BinMapper.Missing);

    /// <summary>A total order, so that it does not matter in which order candidates are met.</summary>
    public readonly bool IsBetterThan(in Split other)
        => Feature >= 0 && (other.Feature < 0 || Gain > other.Gain || Gain == other.Gain && Feature < other.Feature);
}
