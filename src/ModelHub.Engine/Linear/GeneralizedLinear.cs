using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Linear;

/// <param name="Lambda">Weight of the ridge penalty per row; intercepts are not penalised.</param>
public sealed record LinearOptions(double Lambda = 1e-3, int MaxIterations = 200);

/// <summary>Logistic, multinomial and ridge regression on standardised numbers and one weight per category.</summary>
public sealed class GeneralizedLinear(LinearOptions options) : ILearner
{
    public string Algorithm => "GLM";

    public IReadOnlyDictionary<string, HyperParameter> Parameters => new Dictionary<string, HyperParameter>(StringComparer.Ordinal)
    {
        ["lambda"] = new(1e-3, options.Lambda),
        ["max_iterations"] = new(200, options.MaxIterations),
    };

    public IModel Fit(TrainingSet set, FitContext context)
    {
        if (options.Lambda < 0 || options.MaxIterations < 1)
            throw new EngineException("lambda must not be negative, max_iterations at least 1.");
        var rows = set.Rows ?? [.. Enumerable.Range(0, set.Features.RowCount)];
        if (rows.Length == 0)
            throw new EngineException("There are no rows to learn from.");
        ILoss loss = set.Task switch
        {
            TaskKind.Binary => new LogisticLoss(),
            TaskKind.Multiclass => new SoftmaxLoss(set.ClassCount),
            TaskKind.Regression => new SquaredLoss(),
        };
        var model = Layout(set, rows, loss);
        // A regression's scores are learned in units of the labels' deviation, so that tolerances mean the same everywhere.
        var unit = set.Task == TaskKind.Regression ? Deviation(set, rows, model.Intercept[0]) : 1;
        var width = model.Weights[0].Length;
        var outputs = model.OutputCount;
        var x = new double[outputs * (width + 1)];
        for (var o = 0; o < outputs; o++)
            x[o * (width + 1) + width] = set.Task == TaskKind.Regression ? 0 : model.Intercept[o];
        using var team = new ThreadTeam(context.Threads);
        var problem = new Problem(set, rows, model, loss, options.Lambda, unit, team);
        Lbfgs.Minimise(x, problem.Evaluate, options.MaxIterations, 1e-6, () =>
        {
            context.Cancellation.ThrowIfCancellationRequested();
            return context.OutOfTime?.Invoke() == true;
        });
        for (var o = 0; o < outputs; o++)
        {
            for (var w = 0; w < width; w++)
                model.Weights[o][w] = x[o * (width + 1) + w] * unit;
            model.Intercept[o] = set.Task == TaskKind.Regression ? model.Intercept[0] + x[width] * unit : x[o * (width + 1) + width];
        }
        return model;
    }

    private static double Deviation(TrainingSet set, int[] rows, double mean)
    {
        var sum = 0.0;
        foreach (var row in rows)
            sum += (set.Labels[row] - mean) * (set.Labels[row] - mean);
        return sum > 0 ? Math.Sqrt(sum / rows.Length) : 1;
    }

    private static LinearModel Layout(TrainingSet set, int[] rows, ILoss loss)
    {
        var features = set.Features;
        var count = features.FeatureCount;
        var offset = new int[count];
        var cardinality = new int[count];
        var mean = new double[count];
        var scale = new double[count];
        var width = 0;
        for (var f = 0; f < count; f++)
        {
            offset[f] = width;
            cardinality[f] = features.Features[f].Cardinality;
            width += cardinality[f] == 0 ? 1 : cardinality[f] + 1;
            (mean[f], scale[f]) = cardinality[f] == 0 ? Moments(features, f, rows) : (0, 1);
        }
        return new LinearModel
        {
            Offset = offset, Cardinality = cardinality, Mean = mean, Scale = scale, Link = loss.Link,
            Weights = [.. Enumerable.Range(0, set.OutputCount).Select(_ => new double[width])], Intercept = loss.Start(set, rows),
        };
    }

    private static (double Mean, double Scale) Moments(FeatureMatrix features, int feature, int[] rows)
    {
        double sum = 0, squares = 0;
        var present = 0;
        foreach (var row in rows)
        {
            var value = features[row, feature];
            if (float.IsNaN(value))
                continue;
            sum += value;
            present++;
        }
        var mean = present == 0 ? 0 : sum / present;
        foreach (var row in rows)
        {
            var value = features[row, feature];
            squares += float.IsNaN(value) ? 0 : (value - mean) * (value - mean);
        }
        var scale = present == 0 ? 1 : Math.Sqrt(squares / present);
        return (mean, scale > 1e-12 * (1 + Math.Abs(mean)) ? scale : 1);
    }

    /// <summary>Mean loss plus penalty, and its gradient; rows are summed in blocks of a fixed size, in order, whoever computes them.</summary>
    private sealed class Problem(TrainingSet set, int[] rows, LinearModel model, ILoss loss, double lambda, double unit, ThreadTeam team)
    {
        private const int Block = 2048;
        private readonly int _width = model.Weights[0].Length;
        private readonly int _outputs = model.OutputCount;

        public double Evaluate(double[] x, double[] gradient)
        {
            var blocks = (rows.Length + Block - 1) / Block;
            var gradients = new double[blocks][];
            var losses = new double[blocks];
            var next = 0;
            team.Run(_ =>
            {
                for (int b; (b = Interlocked.Increment(ref next) - 1) < blocks;)
                    losses[b] = OfBlock(b, x, gradients[b] = new double[x.Length]);
            });
            Array.Clear(gradient);
            var sum = 0.0;
            for (var b = 0; b < blocks; b++)
            {
                sum += losses[b];
                for (var i = 0; i < gradient.Length; i++)
                    gradient[i] += gradients[b][i];
            }
            sum /= rows.Length;
            for (var i = 0; i < gradient.Length; i++)
            {
                gradient[i] /= rows.Length;
                if (i % (_width + 1) == _width)
                    continue;
                gradient[i] += lambda * x[i];
                sum += 0.5 * lambda * x[i] * x[i];
            }
            return sum;
        }

        private double OfBlock(int block, double[] x, double[] gradient)
        {
            var features = set.Features;
            var row = new float[features.FeatureCount];
            // The same for all outputs: where in the weights a feature stands, and with what.
            var (places, values) = (new int[row.Length], new double[row.Length]);
            var scores = new double[_outputs];
            var first = new double[_outputs];
            var second = new double[_outputs];
            var sum = 0.0;
            for (var i = block * Block; i < Math.Min(rows.Length, (block + 1) * Block); i++)
            {
                features.CopyRow(rows[i], row);
                for (var f = 0; f < row.Length; f++)
                    (places[f], values[f]) = Term(f, row[f]);
                for (var o = 0; o < _outputs; o++)
                    scores[o] = Score(x.AsSpan(o * (_width + 1), _width + 1), places, values);
                var label = set.Task == TaskKind.Regression ? (set.Labels[rows[i]] - model.Intercept[0]) / unit : set.Labels[rows[i]];
                var weight = set.Weights?[rows[i]] ?? 1;
                sum += weight * loss.Value(scores, label);
                loss.Derive(scores, label, first, second);
                for (var o = 0; o < _outputs; o++)
                    Spread(gradient.AsSpan(o * (_width + 1), _width + 1), places, values, weight * first[o]);
            }
            return sum;
        }

        private double Score(ReadOnlySpan<double> weights, int[] places, double[] values)
        {
            var sum = weights[_width];
            for (var f = 0; f < places.Length; f++)
                sum += weights[places[f]] * values[f];
            return sum;
        }

        private void Spread(Span<double> gradient, int[] places, double[] values, double times)
        {
            gradient[_width] += times;
            for (var f = 0; f < places.Length; f++)
                gradient[places[f]] += times * values[f];
        }

        private (int At, double Value) Term(int feature, float value)
        {
            var cardinality = model.Cardinality[feature];
            if (cardinality == 0)
                return (model.Offset[feature], float.IsNaN(value) ? 0 : (value - model.Mean[feature]) / model.Scale[feature]);
            return (model.Offset[feature] + (float.IsNaN(value) || value < 0 || value >= cardinality ? cardinality : (int)value), 1);
        }
    }
}
