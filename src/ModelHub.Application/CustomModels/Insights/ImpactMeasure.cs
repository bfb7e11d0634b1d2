using ModelHub.Engine.Data;

namespace ModelHub.Application.CustomModels.Insights;

/// <summary>How far predictions are from the truth; where there is no truth, how far from the model's own on rows as they are.</summary>
internal sealed class ImpactMeasure
{
    /// <summary>The measure of data without labels: the mean change of predictions.</summary>
    public const string Change = "change";

    private const double Least = 1e-15;
    private readonly double[]? _labels;
    private readonly double[] _before;
    private readonly int _width;

    private ImpactMeasure(string name, double[]? labels, double[] before, int width) => (Name, _labels, _before, _width) = (name, labels, before, width);

    public string Name { get; }

    /// <param name="before">Predictions of the rows as they are: rows × (classes or one value).</param>
    public static ImpactMeasure Of(TargetType type, IReadOnlyList<string> classes, Column? target, double[] before, int rows)
    {
        var width = rows == 0 ? 1 : before.Length / rows;
        if (target is null || type is not (TargetType.Regression or TargetType.Binary or TargetType.Multiclass))
            return new ImpactMeasure(Change, null, before, width);
        var labels = new double[rows];
        for (var r = 0; r < rows; r++)
            labels[r] = classes.Count == 0 ? Cell.Number(target, r) : Cell.Text(target, r) is { } text ? ClassOf(text, classes) : double.NaN;
        return labels.All(l => !double.IsFinite(l)) ? new ImpactMeasure(Change, null, before, width)
            : new ImpactMeasure(classes.Count == 0 ? "rmse" : "logloss", labels, before, width);
    }

    public double Loss(double[] predictions)
    {
        var (sum, count) = (0.0, 0);
        for (var r = 0; r < predictions.Length / _width; r++)
        {
            if (_labels is null)
                sum += ChangeOf(predictions, r);
            else if (!double.IsFinite(_labels[r]))
                continue;
            else if (Name == "rmse")
                sum += (predictions[r] - _labels[r]) * (predictions[r] - _labels[r]);
            else
                sum -= Math.Log(Math.Clamp(predictions[r * _width + (int)_labels[r]], Least, 1 - Least));
            count++;
        }
        return count == 0 ? 0 : Name == "rmse" ? Math.Sqrt(sum / count) : sum / count;
    }

    /// <summary>How a row's prediction moved, signed: that of the last class, or the value.</summary>
    public double Move(double[] predictions, int row) => predictions[row * _width + _width - 1] - _before[row * _width + _width - 1];

    private double ChangeOf(double[] predictions, int row)
    {
        var change = 0.0;
        for (var k = 0; k < _width; k++)
            change += Math.Abs(predictions[row * _width + k] - _before[row * _width + k]);
        return change / _width;
    }

    /// <summary>The class's number; labels that are written as numbers (1, 1.0, true) are compared as such.</summary>
    private static double ClassOf(string text, IReadOnlyList<string> classes)
    {
        for (var c = 0; c < classes.Count; c++)
        {
            if (classes[c] == text || Value(classes[c]) is { } own && own.Equals(Value(text)))
                return c;
        }
        return double.NaN;
    }

    private static double? Value(string text) => double.TryParse(
        text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var value) ? value : null;
}
