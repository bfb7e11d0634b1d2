using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// What one byte must say about a value so that every split of a forest on its feature can be decided. For numbers it is the rank among
/// the forest's thresholds; for categories the class of codes that no split tells apart.
/// </summary>
internal sealed class RankedFeature
{
    private const int MostThresholds = 255;
    private const int MissingClass = 255;
    private readonly float[] _thresholds;
    private readonly byte[]? _classes;
    private readonly PivotTree? _pivots;

    private RankedFeature(float[] thresholds, PivotTree? pivots)
    {
        _thresholds = thresholds;
        _pivots = pivots;
    }

    private RankedFeature(byte[] classes)
    {
        _thresholds = [];
        _classes = classes;
    }

    public bool IsCategorical => _classes is not null;

    /// <summary>Null when a byte is not enough, or when splits treat the feature as a number and as a category.</summary>
    public static RankedFeature? Of(IReadOnlyList<(Tree Tree, int Node)> splits, Kernel kernel)
    {
        var categories = splits.Count(s => s.Tree.CategoryOffset[s.Node] >= 0);
        if (categories == 0)
            return OfNumbers(splits, kernel);
        return categories == splits.Count ? OfCategories(splits) : null;
    }

    /// <summary>A numeric split's threshold t so that rank &lt; t goes to the left.</summary>
    public byte Rank(float threshold) => (byte)(Array.BinarySearch(_thresholds, threshold) + 1);

    /// <summary>A categorical split's bit set over classes, with the missing class's bit.</summary>
    public void WriteSet(Tree tree, int node, Span<byte> set)
    {
        set.Clear();
        for (var code = 0; code < _classes!.Length; code++)
        {
            if (tree.GoesLeft(node, code))
                set[_classes[code] >> 3] |= (byte)(1 << (_classes[code] & 7));
        }
        if (tree.MissingLeft[node])
            set[MissingClass >> 3] |= 1 << (MissingClass & 7);
    }

    /// <summary>Ranks of values; a missing one gets 255 in <paramref name="right"/> (always to the right) and 0 in <paramref name="left"/>.</summary>
    public unsafe void Encode(float* values, int count, byte* right, byte* left)
    {
        var done = 0;
        if (_classes is not null)
        {
            for (; done < count; done++)
                right[done] = ClassOf(values[done]);
            return;
        }
        // Callers come with multiples of 64 rows, and not with the scalar kernel (see CompiledForest).
        if (_pivots is not null)
        {
            for (; done < count; done += PivotTree.Rows)
                _pivots.Encode(values + done, right == null ? null : right + done, left == null ? null : left + done);
            return;
        }
        fixed (float* thresholds = _thresholds)
        {
            for (; done + 32 <= count; done += 32)
            {
                var a = Ranks(thresholds, Vector256.Load(values + done));
                var b = Ranks(thresholds, Vector256.Load(values + done + 8));
                var c = Ranks(thresholds, Vector256.Load(values + done + 16));
                var d = Ranks(thresholds, Vector256.Load(values + done + 24));
                var ranks = Vector256.Narrow(Vector256.Narrow(a, b).AsUInt16(), Vector256.Narrow(c, d).AsUInt16());
                Store(ranks, values + done, right, left, done);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Store(Vector256<byte> ranks, float* values, byte* right, byte* left, int at)
    {
        var missing = Vector256.Narrow(
            Vector256.Narrow(Missing(values), Missing(values + 8)).AsUInt16(), Vector256.Narrow(Missing(values + 16), Missing(values + 24)).AsUInt16());
        // Bytes are compared with their sign, so ranks are shifted by 128.
        var shift = Vector256.Create((byte)0x80);
        if (right != null)
            ((ranks | missing) ^ shift).Store(right + at);
        if (left != null)
            (Vector256.AndNot(ranks, missing) ^ shift).Store(left + at);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector256<int> Missing(float* values)
    {
        var v = Vector256.Load(values);
        return (~Vector256.Equals(v, v)).AsInt32();
    }

    /// <summary>How many thresholds are below each value, by a search without branches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe Vector256<int> Ranks(float* thresholds, Vector256<float> values)
    {
        var at = Vector256<int>.Zero;
        for (var step = (_thresholds.Length + 1) >> 1; step > 0; step >>= 1)
        {
            var pivots = Avx2.GatherVector256(thresholds + step - 1, at, 4);
            at += Vector256.LessThan(pivots, values).AsInt32() & Vector256.Create(step);
        }
        return at;
    }

    private byte ClassOf(float value)
    {
        if (float.IsNaN(value))
            return MissingClass;
        var code = (int)value;
        return (uint)code < (uint)_classes!.Length ? _classes[code] : (byte)0;
    }

    private static RankedFeature? OfNumbers(IReadOnlyList<(Tree Tree, int Node)> splits, Kernel kernel)
    {
        var thresholds = splits.Select(s => s.Tree.Threshold[s.Node]).Distinct().Order().ToArray();
        if (thresholds.Length > MostThresholds || thresholds.Any(t => float.IsNaN(t) || float.IsPositiveInfinity(t)))
            return null;
        var padded = 1;
        while (padded < thresholds.Length)
            padded = padded * 2 + 1;
        thresholds = [.. thresholds, .. Enumerable.Repeat(float.PositiveInfinity, padded - thresholds.Length)];
        return new RankedFeature(thresholds, kernel == Kernel.Avx512 ? new PivotTree(thresholds) : null);
    }

    private static RankedFeature? OfCategories(IReadOnlyList<(Tree Tree, int Node)> splits)
    {
        var codes = splits.Max(s => s.Tree.CategoryWords[s.Node]) * 32;
        if (codes > 1 << 20)
            return null;
        // Codes that all splits treat alike get equal sums of the numbers drawn for the splits that send them left; equality is verified below.
        var marks = new ulong[codes];
        var random = new SeededRandom(1);
        foreach (var (tree, node) in splits)
        {
            var mark = random.Next();
            for (var code = 0; code < tree.CategoryWords[node] * 32; code++)
                marks[code] += tree.GoesLeft(node, code) ? mark : 0;
        }
        var numbers = new Dictionary<ulong, int> { [0] = 0 };
        var first = new List<int> { -1 };
        var classes = new byte[codes];
        for (var code = 0; code < codes; code++)
        {
            if (!numbers.TryGetValue(marks[code], out var number))
            {
                numbers[marks[code]] = number = numbers.Count;
                first.Add(code);
            }
            if (number >= MissingClass)
                return null;
            classes[code] = (byte)number;
        }
        var exact = splits.All(s => Enumerable.Range(0, codes).All(code => s.Tree.GoesLeft(s.Node, code) == s.Tree.GoesLeft(s.Node, first[classes[code]])));
        return exact ? new RankedFeature(classes) : null;
    }
}
