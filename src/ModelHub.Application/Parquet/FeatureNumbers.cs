using System.Runtime.Intrinsics;
using ModelHub.Engine.Preparation;

namespace ModelHub.Application.Parquet;

/// <summary>Cells as a model takes them: single precision, none that is infinite, NaN for a missing one.</summary>
public static unsafe class FeatureNumbers
{
    /// <summary>Cells that are there, wherever they lie, each so many places behind the one before it.</summary>
    public static void Lay(CellType type, byte* cells, int count, float* to, int stride)
    {
        if (type != CellType.Double)
        {
            for (var r = 0; r < count; r++)
                to[(long)r * stride] = Narrow(BatchColumn.Number(type, cells, r));
            return;
        }
        const int Tile = 128;
        var numbers = stackalloc float[Tile];
        for (var from = 0; from < count; from += Tile)
        {
            var rows = Math.Min(Tile, count - from);
            Narrow((double*)cells + from, rows, numbers);
            var start = to + (long)from * stride;
            for (var r = 0; r < rows; r++)
                start[r * stride] = numbers[r];
        }
    }

    /// <summary>As rows of every other format are read: beyond single precision is its largest number, and infinite is none.</summary>
    private static float Narrow(double value) => double.IsInfinity(value) ? float.NaN : FeaturePlan.Narrow(value);

    /// <summary>The same of many, eight at a time.</summary>
    private static void Narrow(double* values, int count, float* to)
    {
        var r = 0;
        for (; r + 8 <= count; r += 8)
        {
            var (first, second) = (Vector256.Load(values + r), Vector256.Load(values + r + 4));
            var narrow = Vector256.Narrow(first, second);
            // An infinite one needs a closer look: it may have been beyond single precision.
            if (Vector256.EqualsAny(Vector256.Abs(narrow), Vector256.Create(float.PositiveInfinity)))
                break;
            narrow.Store(to + r);
        }
        for (; r < count; r++)
            to[r] = Narrow(values[r]);
    }
}
