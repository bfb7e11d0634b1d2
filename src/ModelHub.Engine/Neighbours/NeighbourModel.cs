using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Neighbours;

/// <summary>
/// Stored rows and their labels. A row's squared distance to another is the sum over the features of min((a - b)², 1 for a category, no bound
/// for a number), in single precision and in the order of the features, so that it is the same bits with and without vectors. A neighbour
/// weighs 1 / (d² / D² + 0.1), D being the farthest neighbour's distance; of rows equally far the first count. Classes' shares get one
/// row's worth of their prior, so that their log odds are finite.
/// </summary>
public sealed class NeighbourModel : IModel
{
    /// <summary>What keeps a neighbour at the same place from being all that counts: it weighs eleven times as much as the farthest one.</summary>
    public const double Nearest = 0.1;

    /// <summary>Rows that are stored together, feature after feature: four vectors.</summary>
    internal const int Block = 32;

    private const int Lane = 8;

    private const int SensitivityRows = 64;

    /// <summary>Per feature: 0 for a number, else the category's cardinality, which is also the code of a missing or unknown one.</summary>
    public required int[] Cardinality { get; init; }

    public required float[] Center { get; init; }

    /// <summary>Per feature: what a centred number is multiplied by.</summary>
    public required float[] Scale { get; init; }

    /// <summary>Encoded cells, see <see cref="Place"/>; the last block is filled up with zeros.</summary>
    public required float[] Cells { get; init; }

    /// <summary>Per row: the class or the value.</summary>
    public required double[] Labels { get; init; }

    public required int Neighbours { get; init; }

    /// <summary>Per class its share of the rows; empty for a regression.</summary>
    public required double[] Prior { get; init; }

    public required int OutputCount { get; init; }

    public required Link Link { get; init; }

    public int FeatureCount => Cardinality.Length;

    public int RowCount => Labels.Length;

    public void Score(ReadOnlySpan<float> row, Span<double> scores)
    {
        var place = new float[FeatureCount];
        for (var f = 0; f < place.Length; f++)
            place[f] = Encode(row[f], Cardinality[f], Center[f], Scale[f]);
        ScoreAt(place, scores);
    }

    /// <summary>Where a row's cell is among <see cref="Cells"/>.</summary>
    internal static int Place(int row, int feature, int features) => (row / Block * features + feature) * Block + row % Block;

    internal static float Encode(float value, int cardinality, float center, float scale)
    {
        if (cardinality == 0)
            return RobustScale.Bend(value, center, scale);
        return float.IsNaN(value) || value < 0 || value >= cardinality ? cardinality : (int)value;
    }

    /// <summary>The most that a feature adds to a squared distance.</summary>
    internal float Bound(int feature) => Cardinality[feature] == 0 ? float.MaxValue : 1;

    /// <summary>Per feature: how far the scores of some of the stored rows move, on average, when it is missing.</summary>
    internal double[] Sensitivity()
    {
        var moved = new double[FeatureCount];
        var (place, whole, without) = (new float[FeatureCount], new double[OutputCount], new double[OutputCount]);
        var count = Math.Min(SensitivityRows, RowCount);
        for (var i = 0; i < count; i++)
        {
            var row = (int)((long)i * RowCount / count);
            for (var f = 0; f < FeatureCount; f++)
                place[f] = Cells[Place(row, f, FeatureCount)];
            ScoreAt(place, whole);
            for (var f = 0; f < FeatureCount; f++)
            {
                var kept = place[f];
                place[f] = Cardinality[f];
                ScoreAt(place, without);
                place[f] = kept;
                for (var o = 0; o < OutputCount; o++)
                    moved[f] += Math.Abs(whole[o] - without[o]) / count;
            }
        }
        return moved;
    }

    private void ScoreAt(float[] place, Span<double> scores)
    {
        Span<float> distances = Neighbours <= 128 ? stackalloc float[Neighbours] : new float[Neighbours];
        Span<int> rows = Neighbours <= 128 ? stackalloc int[Neighbours] : new int[Neighbours];
        Find(place, distances, rows);
        Span<double> shares = Prior.Length <= 128 ? stackalloc double[Math.Max(1, Prior.Length)] : new double[Prior.Length];
        shares.Clear();
        var (farthest, all) = ((double)distances[^1], 0.0);
        for (var n = 0; n < rows.Length; n++)
        {
            var weight = 1 / ((farthest > 0 ? distances[n] / farthest : 0) + Nearest);
            all += weight;
            if (Prior.Length == 0)
                shares[0] += weight * Labels[rows[n]];
            else
                shares[(int)Labels[rows[n]]] += weight;
        }
        if (Prior.Length == 0)
        {
            scores[0] = shares[0] / all;
            return;
        }
        // Logs of the classes' shares with the prior's row; the sum of all is the same for each, so it is left out.
        for (var k = 0; k < shares.Length; k++)
            shares[k] = Elementary.Log(Neighbours * shares[k] / all + Prior[k]);
        if (OutputCount == 1)
            scores[0] = shares[1] - shares[0];
        else
            shares.CopyTo(scores);
    }

    /// <summary>The nearest rows, the nearest first, of equal ones the first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Find(float[] place, Span<float> distances, Span<int> rows)
    {
        distances.Fill(float.PositiveInfinity);
        var worst = float.PositiveInfinity;
        Span<float> block = stackalloc float[Block];
        var cardinality = Cardinality;
        ref var cells = ref MemoryMarshal.GetArrayDataReference(Cells);
        nuint at = 0;
        for (var from = 0; from < RowCount; from += Block)
        {
            var (s0, s1, s2, s3) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
            for (var f = 0; f < place.Length; f++, at += Block)
            {
                var own = Vector256.Create(place[f]);
                var a = own - Vector256.LoadUnsafe(ref cells, at);
                var b = own - Vector256.LoadUnsafe(ref cells, at + Lane);
                var c = own - Vector256.LoadUnsafe(ref cells, at + 2 * Lane);
                var d = own - Vector256.LoadUnsafe(ref cells, at + 3 * Lane);
                (a, b, c, d) = (a * a, b * b, c * c, d * d);
                if (cardinality[f] > 0)
                {
                    var one = Vector256<float>.One;
                    (a, b, c, d) = (Vector256.Min(a, one), Vector256.Min(b, one), Vector256.Min(c, one), Vector256.Min(d, one));
                }
                s0 += a;
                s1 += b;
                s2 += c;
                s3 += d;
            }
            if (!Vector256.LessThanAny(Vector256.Min(Vector256.Min(s0, s1), Vector256.Min(s2, s3)), Vector256.Create(worst)))
                continue;
            s0.CopyTo(block);
            s1.CopyTo(block[Lane..]);
            s2.CopyTo(block[(2 * Lane)..]);
            s3.CopyTo(block[(3 * Lane)..]);
            for (var i = 0; i < Block && from + i < RowCount; i++)
            {
                if (!(block[i] < worst))
                    continue;
                Insert(block[i], from + i, distances, rows);
                worst = distances[^1];
            }
        }
    }

    private static void Insert(float distance, int row, Span<float> distances, Span<int> rows)
    {
        var n = distances.Length - 1;
        for (; n > 0 && distances[n - 1] > distance; n--)
            (distances[n], rows[n]) = (distances[n - 1], rows[n - 1]);
        (distances[n], rows[n]) = (distance, row);
    }
}
