using ModelHub.Application.Serving;
using ModelHub.Engine.Data;

namespace ModelHub.Infrastructure.Natives;

/// <summary>Which output of a graph is the prediction, and how it is read: probabilities as a tensor or as maps, else labels; or values.</summary>
internal sealed class OnnxAnswer
{
    private static readonly string[] Probabilities = ["probabilities", "output_probability", "probability", "probas", "proba"];
    private static readonly string[] Values = ["prediction", "predictions", "value", "variable", "output", "y"];
    private readonly ModelTarget _target;

    /// <exception cref="OnnxException">No output can be the prediction.</exception>
    public OnnxAnswer(OnnxPort[] outputs, ModelTarget target)
    {
        _target = target;
        var isNumber = (OnnxPort p) => p.Type is OnnxColumns.Single or OnnxColumns.Double;
        var named = (string[] names) => names.Select(n => outputs.FirstOrDefault(o => o.Name == n && o.Type != OnnxColumns.Text)).FirstOrDefault(o => o is not null);
        var chosen = target.Task == TaskKind.Regression
            ? named(Values) ?? outputs.FirstOrDefault(isNumber) ?? outputs.FirstOrDefault(o => o.Type is OnnxColumns.Long or OnnxColumns.Integer)
            : named(Probabilities) ?? outputs.FirstOrDefault(o => isNumber(o) && Fits(o)) ?? outputs.FirstOrDefault(o => o.Type == 0) ?? outputs.FirstOrDefault();
        Outputs = [chosen ?? throw new OnnxException("No output can be the prediction.")];
    }

    public OnnxPort[] Outputs { get; }

    /// <exception cref="OnnxException">The output is no prediction of these rows.</exception>
    public double[] Read(OnnxValue[] values, int rows)
    {
        var value = values[0];
        if (value.IsMaps)
            return Spread(value.Maps(), rows);
        var (numbers, shape) = value.Numbers();
        if (_target.Task == TaskKind.Regression)
            return numbers is not null && numbers.Length == rows ? numbers : throw Wrong(shape, rows, 1);
        var classes = _target.Classes.Count;
        if (Outputs[0].Type is not (OnnxColumns.Single or OnnxColumns.Double))
            return Spread([.. value.Texts().Select(t => new Dictionary<string, double>(StringComparer.Ordinal) { [t] = 1 })], rows);
        if (numbers!.Length == (long)rows * classes)
            return Checked(numbers);
        if (classes != 2 || numbers.Length != rows)
            throw Wrong(shape, rows, classes);
        return Checked([.. numbers.SelectMany(p => new[] { 1 - p, p })]);
    }

    private bool Fits(OnnxPort port) => port.Shape.Length == 1
        ? _target.Classes.Count == 2
        : port.Shape.Length == 2 && (port.Shape[1] < 0 || port.Shape[1] == _target.Classes.Count || port.Shape[1] == 1 && _target.Classes.Count == 2);

    /// <summary>Maps by class; where the model's classes have other names, they are taken in their order.</summary>
    private double[] Spread(List<Dictionary<string, double>> maps, int rows)
    {
        var classes = _target.Classes.Count;
        if (maps.Count != rows)
            throw new OnnxException($"It answered {maps.Count} rows of {rows}.");
        var all = new double[rows * classes];
        for (var r = 0; r < rows; r++)
        {
            var known = maps[r].Keys.All(_target.Classes.Contains);
            if (!known && maps[r].Count != classes)
                throw new OnnxException($"It answered the class '{maps[r].Keys.First(k => !_target.Classes.Contains(k))}', which is not declared.");
            var inOrder = maps[r].OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Value).ToArray();
            for (var c = 0; c < classes; c++)
                all[r * classes + c] = known ? maps[r].GetValueOrDefault(_target.Classes[c]) : inOrder[c];
        }
        return Checked(all);
    }

    private static double[] Checked(double[] probabilities)
    {
        foreach (var p in probabilities)
        {
            if (p is < -1e-6 or > 1 + 1e-6)
                throw new OnnxException("A classification must answer with probabilities between 0 and 1.");
        }
        return probabilities;
    }

    private static OnnxException Wrong(long[] shape, int rows, int width) =>
        new($"It answered [{string.Join(", ", shape)}] for {rows} rows of {width} numbers.");
}
