namespace ModelHub.Engine.Explanation;

/// <summary>
/// The game that one leaf is (Lundberg et al. 2020, path-dependent TreeSHAP): a coalition reaches it with the product, over the distinct
/// features on its path, of o (1 when the row agrees with all splits on the feature, else 0) for those in the coalition and z (share of
/// the training weight that agrees) for the others. Features with o = 0 cannot be in a coalition that counts, so the polynomial whose
/// coefficient k sums the coalitions of k players only has the features with o = 1 as factors (z + y).
/// </summary>
internal static class LeafGame
{
    /// <summary>Adds weight × Shapley value of each player.</summary>
    /// <param name="ones">Per player whether the row agrees.</param>
    /// <param name="room">At least 2 × (players + 1) numbers.</param>
    public static void Shapley(ReadOnlySpan<double> zeros, ReadOnlySpan<bool> ones, double weight, Span<double> values, Span<double> room)
    {
        var players = zeros.Length;
        var polynomial = room[..(players + 1)];
        var quotient = room[(players + 1)..];
        var (degree, product) = Multiply(zeros, ones, polynomial);
        if (product == 0)
            return;
        weight *= product;
        var absent = -weight * Sum(polynomial[..Math.Min(degree + 1, players)], players);
        for (var i = 0; i < players; i++)
        {
            if (ones[i])
            {
                Divide(polynomial[..(degree + 1)], zeros[i], quotient);
                values[i] += weight * (1 - zeros[i]) * Sum(quotient[..degree], players);
            }
            else
            {
                values[i] += absent;
            }
        }
    }

    /// <summary>Writes the Shapley interaction value of two different players, half of which belongs to (i, j), half to (j, i); returns the half.</summary>
    /// <param name="room">At least 3 × (players + 1) numbers.</param>
    public static double Interaction(ReadOnlySpan<double> zeros, ReadOnlySpan<bool> ones, int i, int j, Span<double> room)
    {
        var players = zeros.Length;
        var polynomial = room[..(players + 1)];
        var (degree, product) = Multiply(zeros, ones, polynomial);
        var sign = product;
        foreach (var k in (ReadOnlySpan<int>)[i, j])
        {
            sign *= ones[k] ? 1 - zeros[k] : -1;
            if (!ones[k])
                continue;
            var quotient = room.Slice((k == i ? 1 : 2) * (players + 1), players + 1);
            Divide(polynomial[..(degree + 1)], zeros[k], quotient);
            polynomial = quotient;
            degree--;
        }
        return sign == 0 ? 0 : 0.5 * sign * Sum(polynomial[..Math.Min(degree + 1, players - 1)], players - 1);
    }

    /// <summary>The polynomial of the players with o = 1, lowest coefficient first, and the product of the others' z.</summary>
    private static (int Degree, double Product) Multiply(ReadOnlySpan<double> zeros, ReadOnlySpan<bool> ones, Span<double> polynomial)
    {
        var degree = 0;
        var product = 1.0;
        polynomial[0] = 1;
        for (var i = 0; i < zeros.Length; i++)
        {
            if (!ones[i])
            {
                product *= zeros[i];
                continue;
            }
            polynomial[++degree] = 1;
            for (var k = degree - 1; k > 0; k--)
                polynomial[k] = polynomial[k] * zeros[i] + polynomial[k - 1];
            polynomial[0] *= zeros[i];
        }
        return (degree, product);
    }

    /// <summary>Takes the factor (z + y) out. From the top coefficient down an error is multiplied by z ≤ 1 at each step, so it does not grow.</summary>
    private static void Divide(ReadOnlySpan<double> polynomial, double zero, Span<double> quotient)
    {
        var carry = 0.0;
        for (var k = polynomial.Length - 1; k > 0; k--)
            quotient[k - 1] = carry = polynomial[k] - zero * carry;
    }

    /// <summary>Coefficients weighted by k! (players - 1 - k)! / players!.</summary>
    private static double Sum(ReadOnlySpan<double> coefficients, int players)
    {
        var sum = 0.0;
        var share = 1.0 / players;
        for (var k = 0; k < coefficients.Length; k++)
        {
            sum += coefficients[k] * share;
            if (k + 1 < players)
                share *= (k + 1.0) / (players - 1 - k);
        }
        return sum;
    }
}
