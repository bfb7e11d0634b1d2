namespace ModelHub.Engine.Preparation;

/// <summary>
/// A text as counts of its words and pairs of neighbouring words, hashed into buckets (Weinberger et al. 2009) and divided by the root of
/// their number, so that long texts do not count for more.
/// </summary>
public static class TextGrams
{
    private const int MostCharacters = 20_000;
    private const uint Basis = 2166136261;
    private const uint Prime = 16777619;

    /// <summary>Whether texts are sentences or names of several words, and not codes, which are better taken as categories.</summary>
    internal static bool AreWords(IEnumerable<string> texts)
    {
        var (words, count) = (0, 0);
        foreach (var text in texts.Take(1000))
        {
            count++;
            for (var i = 0; i < text.Length; i++)
                words += char.IsLetter(text[i]) && (i == 0 || !char.IsLetterOrDigit(text[i - 1])) ? 1 : 0;
        }
        return words >= 2.5 * count;
    }

    public static void Write(ReadOnlySpan<char> text, Span<float> buckets)
    {
        buckets.Clear();
        uint word = Basis, before = 0;
        var (length, grams) = (0, 0);
        for (var i = 0; i <= Math.Min(text.Length, MostCharacters); i++)
        {
            if (i < text.Length && i < MostCharacters && char.IsLetterOrDigit(text[i]))
            {
                word = (word ^ char.ToLowerInvariant(text[i])) * Prime;
                length++;
                continue;
            }
            if (length == 0)
                continue;
            buckets[(int)(Mix(word) % (uint)buckets.Length)]++;
            grams++;
            if (before != 0)
            {
                buckets[(int)(Mix(before * Prime ^ word) % (uint)buckets.Length)]++;
                grams++;
            }
            (before, word, length) = (word | 1, Basis, 0);
        }
        var scale = grams == 0 ? 0 : 1 / MathF.Sqrt(grams);
        foreach (ref var bucket in buckets)
            bucket *= scale;
    }

    private static uint Mix(uint hash)
    {
        hash = (hash ^ hash >> 16) * 0x85EBCA6B;
        hash = (hash ^ hash >> 13) * 0xC2B2AE35;
        return hash ^ hash >> 16;
    }
}
