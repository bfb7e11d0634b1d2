using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Search;

/// <summary>
/// Cost-frugal local search of one algorithm's options (Wang et al. 2021, FLOW²): a step along a drawn direction, or the opposite one, and a
/// move to whichever is better; smaller steps when nothing helps, a new start when they are too small.
/// </summary>
internal sealed class Flow2
{
    private const double FirstStep = 0.15;
    private const double LeastStep = 0.04;
    private const int FailuresBeforeSmaller = 3;
    private readonly SeededRandom _random;
    private double[] _point;
    private double _pointLoss;
    private double _step = FirstStep;
    private int _failures;

    public Flow2(SearchSpace space, double[] start, double loss, double cost, ulong seed)
    {
        (Space, _point, _pointLoss, _random) = (space, start, loss, new SeededRandom(seed));
        (Best, PairCost) = (loss, 2 * cost);
    }

    public SearchSpace Space { get; }

    /// <summary>The least loss so far.</summary>
    public double Best { get; private set; }

    /// <summary>What the last pair has cost.</summary>
    public double PairCost { get; private set; }

    public double CostSinceGain { get; private set; }

    /// <summary>By how much, and for what cost, the loss fell since the start.</summary>
    public double Gained { get; private set; }

    public double Spent { get; private set; }

    public (double[] There, double[] Back) Propose()
    {
        var direction = new double[_point.Length];
        var length = 0.0;
        for (var d = 0; d < direction.Length; d++)
        {
            for (var i = 0; i < 12; i++)
                direction[d] += _random.NextDouble();
            direction[d] -= 6;
            length += direction[d] * direction[d];
        }
        length = Math.Max(1e-9, Math.Sqrt(length));
        double[] Move(double sign) => [.. _point.Select((p, d) => Reflected(p + sign * _step * Math.Sqrt(_point.Length) * direction[d] / length))];
        return (Move(1), Move(-1));
    }

    /// <summary>The losses of a pair; infinite for one that was given up.</summary>
    public void Tell((double[] Point, double Loss)[] pair, double cost)
    {
        Spent += cost;
        PairCost = cost;
        CostSinceGain += cost;
        var (point, loss) = pair.MinBy(p => p.Loss);
        if (loss < _pointLoss)
        {
            (_point, _pointLoss, _failures) = (point, loss, 0);
        }
        else if (++_failures >= FailuresBeforeSmaller)
        {
            (_step, _failures) = (_step / 2, 0);
        }
        if (loss < Best)
        {
            Gained += Best - loss;
            (Best, CostSinceGain) = (loss, 0);
        }
        if (_step >= LeastStep)
            return;
        // A new start near by: what is known to be good is seldom far from something better.
        _point = [.. _point.Select(p => Reflected(p + 0.5 * (_random.NextDouble() - 0.5)))];
        (_pointLoss, _step) = (double.PositiveInfinity, FirstStep);
    }

    private static double Reflected(double place)
    {
        place = Math.Abs(place) % 2;
        return place > 1 ? 2 - place : place;
    }
}
