using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Trees;

/// <summary>
/// Gradient and hessian of a row as whole numbers in one: the gradient in the upper 32 bits, the hessian in the lower (Shi et al.,
/// "Quantized Training of Gradient Boosting Decision Trees", 2022, with more bits). One addition adds both; sums are exact, so
/// they do not depend on the order. The scales are powers of two, as large as the sum over all rows allows.
/// </summary>
internal sealed class PackedGradients(int rowCount)
{
    private const int BlockRows = 8192;
    private const double Room = 1 << 30;

    /// <summary>Indexed by matrix row.</summary>
    public long[] Values { get; } = new long[rowCount];

    /// <summary>A whole gradient times this is a gradient.</summary>
    public double GradientUnit { get; private set; }

    public double HessianUnit { get; private set; }

    public double Gradient(long packed) => (packed >> 32) * GradientUnit;

    public double Hessian(long packed) => (uint)packed * HessianUnit;

    /// <summary>Rounds the rows' derivatives; coarse ones are dithered by the row and the seed, so that roundings average out.</summary>
    public void Quantize(float[] gradients, float[] hessians, int[] rows, int count, ulong seed, ThreadTeam team)
    {
        var blocks = (count + BlockRows - 1) / BlockRows;
        var sums = new (double G, double H, double Top)[blocks];
        team.Blocks(count, BlockRows, (start, end) =>
        {
            double g = 0, h = 0, top = 0;
            for (var i = start; i < end; i++)
            {
                var row = rows[i];
                var size = (double)Math.Abs(gradients[row]);
                g += size;
                h += hessians[row];
                top = Math.Max(top, size);
            }
            sums[start / BlockRows] = (g, h, top);
        });
        double sumG = 0, sumH = 0, most = 0;
        foreach (var (g, h, top) in sums)
        {
            sumG += g;
            sumH += h;
            most = Math.Max(most, top);
        }
        if (!double.IsFinite(sumG) || !double.IsFinite(sumH))
            throw new EngineException("The loss grew beyond all numbers: labels or weights are too large, or learn_rate is too high.");
        var gradientScale = Scale(sumG);
        var hessianScale = Scale(sumH);
        GradientUnit = 1 / gradientScale;
        HessianUnit = 1 / hessianScale;
        var dither = most * gradientScale < 1 << 15;
        var salt = (uint)SeededRandom.Derive(seed, 0);
        team.Blocks(count, BlockRows, (start, end) =>
        {
            for (var i = start; i < end; i++)
            {
                var row = rows[i];
                double up = 0.5, down = 0.5;
                if (dither)
                {
                    var hash = ((uint)row ^ salt) * 0x9E3779B1u;
                    up = (hash >> 8) * (1.0 / (1 << 24));
                    down = (hash * 0x85EBCA77u >> 8) * (1.0 / (1 << 24));
                }
                var g = (long)Math.Floor(gradients[row] * gradientScale + up);
                var h = (long)(hessians[row] * hessianScale + down);
                Values[row] = (g << 32) + h;
            }
        });
    }

    private static double Scale(double sum)
        => sum > 0 ? Math.ScaleB(1, Math.Clamp(Math.ILogB(Room / sum), -900, 900)) : 1;
}
