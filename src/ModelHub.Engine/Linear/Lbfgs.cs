namespace ModelHub.Engine.Linear;

/// <summary>Minimises a smooth convex function by limited-memory BFGS with backtracking (Nocedal and Wright 2006, algorithms 7.4 and 3.1).</summary>
internal static class Lbfgs
{
    private const int Memory = 8;

    /// <param name="x">Start, and the minimum when it returns.</param>
    /// <param name="evaluate">Writes the gradient at a point and returns the value.</param>
    public static void Minimise(double[] x, Func<double[], double[], double> evaluate, int mostSteps, double tolerance, Func<bool> stop)
    {
        var n = x.Length;
        var gradient = new double[n];
        var value = evaluate(x, gradient);
        var steps = new List<(double[] S, double[] Y, double Rho)>();
        for (var iteration = 0; iteration < mostSteps && !stop(); iteration++)
        {
            if (gradient.Max(Math.Abs) < tolerance)
                return;
            var direction = Direction(gradient, steps);
            var slope = Dot(direction, gradient);
            if (slope >= 0)
                return;
            var length = iteration == 0 ? Math.Min(1, 1 / Math.Sqrt(Dot(gradient, gradient))) : 1.0;
            var next = new double[n];
            var nextGradient = new double[n];
            double nextValue;
            var tries = 0;
            do
            {
                for (var i = 0; i < n; i++)
                    next[i] = x[i] + length * direction[i];
                nextValue = evaluate(next, nextGradient);
                length *= 0.5;
            }
            while (!(nextValue <= value + 1e-4 * 2 * length * slope) && ++tries < 30);
            if (tries == 30)
                return;
            Remember(steps, x, next, gradient, nextGradient);
            var gained = value - nextValue;
            next.CopyTo(x, 0);
            (gradient, value) = (nextGradient, nextValue);
            if (gained <= 1e-12 * Math.Abs(value))
                return;
        }
    }

    private static void Remember(List<(double[] S, double[] Y, double Rho)> steps, double[] x, double[] next, double[] gradient, double[] nextGradient)
    {
        var s = new double[x.Length];
        var y = new double[x.Length];
        for (var i = 0; i < s.Length; i++)
            (s[i], y[i]) = (next[i] - x[i], nextGradient[i] - gradient[i]);
        var curvature = Dot(s, y);
        if (curvature <= 1e-14)
            return;
        steps.Add((s, y, 1 / curvature));
        if (steps.Count > Memory)
            steps.RemoveAt(0);
    }

    private static double[] Direction(double[] gradient, List<(double[] S, double[] Y, double Rho)> steps)
    {
        var q = (double[])gradient.Clone();
        var alphas = new double[steps.Count];
        for (var k = steps.Count - 1; k >= 0; k--)
        {
            alphas[k] = steps[k].Rho * Dot(steps[k].S, q);
            Add(q, steps[k].Y, -alphas[k]);
        }
        if (steps.Count > 0)
        {
            var (s, y, _) = steps[^1];
            var scale = Dot(s, y) / Dot(y, y);
            for (var i = 0; i < q.Length; i++)
                q[i] *= scale;
        }
        for (var k = 0; k < steps.Count; k++)
            Add(q, steps[k].S, alphas[k] - steps[k].Rho * Dot(steps[k].Y, q));
        for (var i = 0; i < q.Length; i++)
            q[i] = -q[i];
        return q;
    }

    private static double Dot(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    private static void Add(double[] to, double[] what, double times)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] += times * what[i];
    }
}
