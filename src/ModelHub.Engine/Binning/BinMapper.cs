using ModelHub.Engine.Data;

namespace ModelHub.Engine.Binning;

/// <summary>
/// Maps one feature to bins. A number's bin b holds values in (cuts[b-1], cuts[b]]; a category's bin is its rank by frequency; the last
/// bin is for what is missing (and for categories too rare to have one).
/// </summary>
public sealed class BinMapper
{
    public const int MostBins = 255;
    private const int Sample = 200_000;
    private readonly float[] _cuts;
    private readonly byte[] _binOfCode;

    private BinMapper(float[] cuts, byte[] binOfCode, int[] codeOfBin, int valueBins)
    {
        _cuts = cuts;
        _binOfCode = binOfCode;
        CodeOfBin = codeOfBin;
        ValueBins = valueBins;
    }

    public bool IsCategorical => _binOfCode.Length > 0;

    /// <summary>Bins of values, without the one for what is missing, whose number this is.</summary>
    public int ValueBins { get; }

    /// <summary>Codes of a categorical feature, those too rare for a bin included; 0 for a number.</summary>
    public int CodeCount => _binOfCode.Length;

    /// <summary>Per bin of a categorical feature its code.</summary>
    public int[] CodeOfBin { get; }

    /// <summary>The threshold that sends bins 0..<paramref name="bin"/> to the left.</summary>
    public float Threshold(int bin) => _cuts[bin];

    public static BinMapper Of(FeatureMatrix features, int feature, int mostBins)
    {
        if (mostBins is < 2 or > MostBins)
            throw new EngineException($"The number of bins is 2 to {MostBins}, not {mostBins}.");
        var cardinality = features.Features[feature].Cardinality;
        return cardinality > 0 ? OfCategory(features, feature, cardinality, mostBins) : OfNumber(features, feature, mostBins);
    }

    public byte Bin(float value)
    {
        if (float.IsNaN(value))
            return (byte)ValueBins;
        if (IsCategorical)
            return value >= 0 && value < _binOfCode.Length ? _binOfCode[(int)value] : (byte)ValueBins;
        int low = 0, high = _cuts.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_cuts[middle] < value)
                low = middle + 1;
            else
                high = middle;
        }
        return (byte)low;
    }

    private static BinMapper OfNumber(FeatureMatrix features, int feature, int mostBins)
    {
        var rows = features.RowCount;
        var stride = Math.Max(1, (rows + Sample - 1) / Sample);
        var values = new List<float>(rows / stride + 1);
        if (features.Dense(feature) is { } dense)
        {
            for (var r = 0; r < rows; r += stride)
            {
                if (!float.IsNaN(dense[r]))
                    values.Add(dense[r]);
            }
        }
        else
        {
            var sparse = features.Sparse(feature)!;
            values.AddRange(sparse.Values.Where(v => !float.IsNaN(v)));
            if (sparse.Rows.Length < rows)
                values.AddRange(Enumerable.Repeat(0f, Math.Min(rows - sparse.Rows.Length, Sample)));
        }
        var sorted = values.ToArray();
        Array.Sort(sorted);
        var cuts = Cuts(sorted, mostBins);
        return new BinMapper(cuts, [], [], cuts.Length + 1);
    }

    /// <summary>Between all distinct values when they fit, else at quantiles of equal weight; never two cuts in one place.</summary>
    private static float[] Cuts(float[] sorted, int mostBins)
    {
        var distinct = sorted.Length == 0 ? 0 : 1;
        for (var i = 1; i < sorted.Length; i++)
            distinct += sorted[i] != sorted[i - 1] ? 1 : 0;
        var cuts = new List<float>(Math.Min(distinct, mostBins));
        double remaining = sorted.Length;
        double inBin = 0;
        var binsLeft = mostBins;
        for (var i = 1; i < sorted.Length && cuts.Count < mostBins - 1; i++)
        {
            inBin++;
            if (sorted[i] == sorted[i - 1])
                continue;
            if (distinct > mostBins && inBin < remaining / binsLeft)
                continue;
            cuts.Add(Between(sorted[i - 1], sorted[i]));
            remaining -= inBin;
            inBin = 0;
            binsLeft--;
        }
        return [.. cuts];
    }

    private static float Between(float below, float above)
    {
        var middle = below + (above - below) / 2;
        return middle >= below && middle < above ? middle : below;
    }

    private static BinMapper OfCategory(FeatureMatrix features, int feature, int cardinality, int mostBins)
    {
        var counts = new int[cardinality];
        for (var r = 0; r < features.RowCount; r++)
        {
            var value = features[r, feature];
            if (value >= 0 && value < cardinality)
                counts[(int)value]++;
        }
        var codes = Enumerable.Range(0, cardinality).Where(c => counts[c] > 0).OrderByDescending(c => counts[c]).ThenBy(c => c)
            .Take(mostBins).ToArray();
        var binOfCode = new byte[cardinality];
        Array.Fill(binOfCode, (byte)codes.Length);
        for (var b = 0; b < codes.Length; b++)
            binOfCode[codes[b]] = (byte)b;
        return new BinMapper([], binOfCode, codes, codes.Length);
    }
}
