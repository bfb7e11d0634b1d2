using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Networks;

/// <summary>Forward and back again for up to some rows, on one thread, with buffers of its own.</summary>
internal sealed class NetworkPass
{
    private readonly TrainingSet _set;
    private readonly NetworkModel _model;
    private readonly ILoss _loss;
    private readonly double _dropout;
    private readonly int[] _sizes;
    private readonly float[][] _values;
    private readonly float[][] _errors;
    private readonly float[][] _turned;
    private readonly float[][] _weightsTurned;
    private readonly int[] _vectorOf;
    private readonly float[] _row;
    private readonly double[] _scores, _first, _second;

    public NetworkPass(TrainingSet set, NetworkOptions options, NetworkModel model, ILoss loss, int rows)
    {
        (_set, _model, _loss, _dropout) = (set, model, loss, options.Dropout);
        _sizes = [model.InputWidth, .. model.Biases.Select(b => b.Length)];
        _values = [.. _sizes.Select(s => new float[rows * s])];
        _errors = [.. _sizes.Select(s => new float[rows * Matrices.Padded(s)])];
        _turned = [.. _sizes.Select(s => new float[rows * s])];
        _weightsTurned = [.. model.Weights.Select((w, i) => new float[_sizes[i + 1] * Matrices.Padded(_sizes[i])])];
        _vectorOf = [.. model.Vectors.Select((v, f) => v.Length == 0 ? -1 : model.Vectors.Take(f).Count(o => o.Length > 0))];
        Gradients = [.. model.Weights.Concat(model.Biases).Concat(model.Vectors.Where(v => v.Length > 0)).Select(p => new float[p.Length])];
        _row = new float[model.FeatureCount];
        (_scores, _first, _second) = (new double[model.OutputCount], new double[model.OutputCount], new double[model.OutputCount]);
    }

    /// <summary>Sums over the rows of the last run: weights, biases, then the vectors of the categories that have some.</summary>
    public float[][] Gradients { get; }

    public void Run(ReadOnlySpan<int> rows, ulong seed)
    {
        var random = new SeededRandom(seed);
        var layers = _model.Weights.Length;
        for (var i = 0; i < rows.Length; i++)
        {
            _set.Features.CopyRow(rows[i], _row);
            _model.Encode(_row, _values[0].AsSpan(i * _sizes[0], _sizes[0]));
        }
        for (var l = 0; l < layers; l++)
        {
            Matrices.Multiply(_values[l], _model.Weights[l], _values[l + 1], rows.Length, _sizes[l], _sizes[l + 1], _model.Biases[l]);
            if (l + 1 < layers)
                Activate(_values[l + 1].AsSpan(0, rows.Length * _sizes[l + 1]), random);
        }
        Derive(rows);
        for (var l = layers - 1; l >= 0; l--)
            Back(l, rows.Length);
        Vectors(rows);
    }

    /// <summary>Rectifies, and leaves some units out, the others counting for more.</summary>
    private void Activate(Span<float> values, SeededRandom random)
    {
        if (_dropout == 0)
        {
            NetworkModel.Rectify(values);
            return;
        }
        var (bound, times) = ((uint)(_dropout * 65536), (float)(1 / (1 - _dropout)));
        var bits = 0UL;
        for (var i = 0; i < values.Length; i++)
        {
            bits = i % 4 == 0 ? random.Next() : bits >> 16;
            values[i] = values[i] > 0 && (bits & 0xFFFF) >= bound ? values[i] * times : 0;
        }
    }

    private void Derive(ReadOnlySpan<int> rows)
    {
        var width = _sizes[^1];
        Array.Clear(_errors[^1]);
        for (var i = 0; i < rows.Length; i++)
        {
            for (var o = 0; o < _scores.Length; o++)
                _scores[o] = _values[^1][i * width + o];
            _loss.Derive(_scores, (_set.Labels[rows[i]] - _model.Offset) / _model.Unit, _first, _second);
            var weight = _set.Weights?[rows[i]] ?? 1;
            for (var o = 0; o < _scores.Length; o++)
                _errors[^1][i * width + o] = (float)(weight * _first[o]);
        }
    }

    private void Back(int layer, int rows)
    {
        var (inputs, outputs) = (_sizes[layer], _sizes[layer + 1]);
        var errors = _errors[layer + 1];
        Matrices.Transpose(_values[layer], _turned[layer], rows, inputs, rows);
        Matrices.Multiply(_turned[layer], errors, Gradients[layer], inputs, rows, outputs, null);
        var bias = Gradients[_model.Weights.Length + layer];
        Array.Clear(bias);
        for (var i = 0; i < rows; i++)
        {
            for (var o = 0; o < outputs; o++)
                bias[o] += errors[i * outputs + o];
        }
        if (layer == 0 && !_vectorOf.Any(v => v >= 0))
            return;
        var padded = Matrices.Padded(inputs);
        Matrices.Transpose(_model.Weights[layer], _weightsTurned[layer], inputs, outputs, padded);
        Matrices.Multiply(errors, _weightsTurned[layer], _errors[layer], rows, outputs, padded, null);
        if (layer == 0)
            return;
        // A unit that was left out or is not active passes nothing back.
        var (values, times) = (_values[layer], _dropout == 0 ? 1 : (float)(1 / (1 - _dropout)));
        for (var i = 0; i < rows * inputs; i++)
            _errors[layer][i] = values[i] > 0 ? _errors[layer][i] * times : 0;
    }

    private void Vectors(ReadOnlySpan<int> rows)
    {
        var first = _model.Weights.Length + _model.Biases.Length;
        var stride = Matrices.Padded(_sizes[0]);
        var at = 0;
        for (var f = 0; f < _vectorOf.Length; at += _model.Width[f], f++)
        {
            if (_vectorOf[f] < 0)
                continue;
            var gradient = Gradients[first + _vectorOf[f]];
            Array.Clear(gradient);
            for (var i = 0; i < rows.Length; i++)
            {
                var code = _model.Code(f, _set.Features[rows[i], f]) * _model.Width[f];
                for (var w = 0; w < _model.Width[f]; w++)
                    gradient[code + w] += _errors[0][i * stride + at + w];
            }
        }
    }
}
