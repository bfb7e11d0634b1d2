using ModelHub.Engine.Data;

namespace ModelHub.Engine.Preparation;

/// <summary>
/// Numbers centred by their median, scaled by the distance of their quartiles and clipped smoothly (Holzmüller et al. 2024), for models that
/// a stray value would lead astray; a missing number is at the centre.
/// </summary>
internal static class RobustScale
{
    /// <summary>Where a scaled number is bent: z / sqrt(1 + (z / Clip)²) stays within ± Clip.</summary>
    public const float Clip = 3;

    /// <summary>Scaled numbers end here, so that none is infinite.</summary>
    public const float Most = 1e6f;

    private const int MostValues = 20_000;

    /// <summary>Median, and one over the distance of the quartiles (or half the range, where they are one); of very many rows every so-manieth is looked at.</summary>
    public static (float Center, float Scale) Of(FeatureMatrix features, int feature, int[] rows)
    {
        var step = Math.Max(1, rows.Length / MostValues);
        var values = new List<float>();
        for (var i = 0; i < rows.Length; i += step)
        {
            if (features[rows[i], feature] is var value && !float.IsNaN(value))
                values.Add(value);
        }
        if (values.Count == 0)
            return (0, 1);
        values.Sort();
        var quartiles = values[values.Count * 3 / 4] - values[values.Count / 4];
        var spread = quartiles > 0 ? quartiles / 1.35f : (values[^1] - values[0]) / 2;
        return (values[values.Count / 2], spread > 1e-30f && float.IsFinite(spread) ? 1 / spread : 1);
    }

    public static float Bend(float value, float center, float scale)
    {
        if (float.IsNaN(value))
            return 0;
        var z = Math.Clamp((value - center) * scale, -Most, Most);
        var part = z / Clip;
        return z / MathF.Sqrt(1 + part * part);
    }
}
