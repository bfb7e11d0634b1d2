using ModelHub.Engine.Inference;
using ModelHub.Engine.Linear;

namespace ModelHub.Engine.Explanation;

/// <summary>Contributions of a linear model: each term less its background, which goes to the bias.</summary>
internal sealed class LinearShap
{
    private readonly LinearModel _model;
    private readonly double[] _background;
    private readonly double[] _bias;

    public LinearShap(LinearModel model)
    {
        _model = model;
        _background = new double[model.OutputCount * model.FeatureCount];
        _bias = [.. model.Intercept];
        for (var o = 0; o < model.OutputCount; o++)
        {
            for (var f = 0; f < model.FeatureCount; f++)
            {
                // A number's term is 0 at its mean.
                if (model.Cardinality[f] == 0)
                    continue;
                var mean = model.Weights[o].AsSpan(model.Offset[f], model.Cardinality[f]).ToArray().Average();
                _background[o * model.FeatureCount + f] = mean;
                _bias[o] += mean;
            }
        }
    }

    public void Add(RowSource source, double weight, Span<double> contributions)
    {
        var features = _model.FeatureCount;
        var row = new float[features];
        for (var i = 0; i < source.Count; i++)
        {
            source.CopyRow(i, row);
            for (var o = 0; o < _model.OutputCount; o++)
            {
                var to = contributions.Slice((i * _model.OutputCount + o) * (features + 1), features + 1);
                for (var f = 0; f < features; f++)
                    to[f] += weight * (_model.Term(o, f, row[f]) - _background[o * features + f]);
                to[features] += weight * _bias[o];
            }
        }
    }
}
