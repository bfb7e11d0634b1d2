namespace ModelHub.Application.Datasets.Columnar;

/// <summary>What is kept about a column while it streams by; two of them can be merged.</summary>
internal sealed class ColumnSketch(int sampleLimit)
{
    private readonly List<double> _sample = [];
    private int _stride = 1;
    private int _skip;
    private double _mean;
    private double _squares;

    public long Rows { get; private set; }

    public long Missing { get; private set; }

    public double Min { get; private set; } = double.PositiveInfinity;

    public double Max { get; private set; } = double.NegativeInfinity;

    /// <summary>No value had a fraction or was beyond 2^53.</summary>
    public bool Integral { get; private set; } = true;

    public long TextBytes { get; private set; }

    public long WithBlanks { get; private set; }

    public DistinctSketch Distinct { get; private set; } = new();

    public long Present => Rows - Missing;

    public double Mean => Present == 0 ? double.NaN : _mean;

    /// <summary>Sample standard deviation.</summary>
    public double Std => Present < 2 ? double.NaN : Math.Sqrt(_squares / (Present - 1));

    /// <summary>Values; NaN is missing. Moments are merged block by block (Chan, Golub, LeVeque 1983), blocks being the chunks.</summary>
    public void AddNumbers(ReadOnlySpan<double> values)
    {
        long count = 0;
        double sum = 0, min = Min, max = Max;
        var integral = Integral;
        foreach (var v in values)
        {
            if (double.IsNaN(v))
                continue;
            count++;
            sum += v;
            min = Math.Min(min, v);
            max = Math.Max(max, v);
            integral = integral && v == Math.Truncate(v);
            // 0 and -0 are one value.
            Distinct.Add(DistinctSketch.Hash(BitConverter.DoubleToUInt64Bits(v == 0 ? 0 : v)));
            if (--_skip < 0)
                Sample(v);
        }
        (Min, Max) = (min, max);
        Integral = integral && (count == 0 || (Math.Abs(min) <= 1L << 53 && Math.Abs(max) <= 1L << 53));
        var mean = count == 0 ? 0 : sum / count;
        double squares = 0;
        foreach (var v in values)
            squares += double.IsNaN(v) ? 0 : (v - mean) * (v - mean);
        Moments(count, mean, squares);
        Rows += values.Length;
        Missing += values.Length - count;
    }

    /// <summary>Rows of a sparse column that hold 0 without being stored.</summary>
    public void AddZeros(long count)
    {
        if (count == 0)
            return;
        (Min, Max) = (Math.Min(Min, 0), Math.Max(Max, 0));
        Distinct.Add(DistinctSketch.Hash(0));
        Moments(count, 0, 0);
        Rows += count;
    }

    public void AddMissing(long count) => (Rows, Missing) = (Rows + count, Missing + count);

    public void AddText(long count, long bytesEach, bool blanks, ulong hash)
    {
        Rows += count;
        TextBytes += count * bytesEach;
        WithBlanks += blanks ? count : 0;
        Distinct.Add(hash);
    }

    public void Merge(ColumnSketch other)
    {
        Moments(other.Present, other._mean, other._squares);
        Rows += other.Rows;
        Missing += other.Missing;
        Min = Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
        Integral &= other.Integral;
        TextBytes += other.TextBytes;
        WithBlanks += other.WithBlanks;
        Distinct.Merge(other.Distinct);
        _sample.AddRange(other._sample);
    }

    /// <summary>Values at the given shares of the sorted sample; empty without numbers.</summary>
    public double[] Quantiles(ReadOnlySpan<double> shares)
    {
        if (_sample.Count == 0)
            return [];
        var sorted = _sample.ToArray();
        Array.Sort(sorted);
        var found = new double[shares.Length];
        for (var i = 0; i < found.Length; i++)
            found[i] = shares[i] == 0 ? Min : shares[i] == 1 ? Max : sorted[(int)Math.Round(shares[i] * (sorted.Length - 1))];
        return found;
    }

    /// <summary>Counts in 10 bars of equal width between <see cref="Min"/> and <see cref="Max"/>, scaled up from the sample.</summary>
    public long[] Histogram()
    {
        if (_sample.Count == 0 || !(Max > Min))
            return [];
        var bars = new long[10];
        foreach (var v in _sample)
            bars[Math.Clamp((int)((v - Min) / (Max - Min) * 10), 0, 9)]++;
        for (var i = 0; i < bars.Length; i++)
            bars[i] = (long)Math.Round(bars[i] * ((double)Present / _sample.Count));
        return bars;
    }

    public void Write(BinaryWriter to)
    {
        to.Write(Rows);
        to.Write(Missing);
        to.Write(Min);
        to.Write(Max);
        to.Write(Integral);
        to.Write(TextBytes);
        to.Write(WithBlanks);
        to.Write(_mean);
        to.Write(_squares);
        Distinct.Write(to);
        to.Write(_sample.Count);
        foreach (var v in _sample)
            to.Write(v);
    }

    public static ColumnSketch Read(BinaryReader from)
    {
        var sketch = new ColumnSketch(int.MaxValue)
        {
            Rows = from.ReadInt64(),
            Missing = from.ReadInt64(),
            Min = from.ReadDouble(),
            Max = from.ReadDouble(),
            Integral = from.ReadBoolean(),
            TextBytes = from.ReadInt64(),
            WithBlanks = from.ReadInt64(),
            _mean = from.ReadDouble(),
            _squares = from.ReadDouble(),
        };
        sketch.Distinct = DistinctSketch.Read(from);
        for (var left = from.ReadInt32(); left > 0; left--)
            sketch._sample.Add(from.ReadDouble());
        return sketch;
    }

    private void Moments(long count, double mean, double squares)
    {
        if (count == 0)
            return;
        var total = Present + count;
        var delta = mean - _mean;
        _squares += squares + delta * delta * Present * count / total;
        _mean += delta * count / total;
    }

    /// <summary>Keeps every stride-th value; when the sample is full, every second of it goes and the stride doubles.</summary>
    private void Sample(double value)
    {
        _sample.Add(value);
        if (_sample.Count >= sampleLimit)
        {
            var kept = 0;
            for (var i = 0; i < _sample.Count; i += 2)
                _sample[kept++] = _sample[i];
            _sample.RemoveRange(kept, _sample.Count - kept);
            _stride *= 2;
        }
        _skip = _stride - 1;
    }
}
