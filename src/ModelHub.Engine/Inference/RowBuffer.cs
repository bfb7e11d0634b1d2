using System.Globalization;
using ModelHub.Engine.Data;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Inference;

/// <summary>
/// One row on its way into a model: cells are set by the number of their input (see <see cref="TrainedModel.FindInput"/>) and land in the
/// features at once. Reused from row to row; not for several threads.
/// </summary>
public sealed class RowBuffer
{
    private readonly FeaturePlan _plan;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>[] _levels;
    private readonly int _width;
    private float[] _features;
    private int _start;

    internal RowBuffer(FeaturePlan plan, Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>[] levels)
    {
        _plan = plan;
        _levels = levels;
        _width = plan.Features.Count;
        _features = new float[_width];
        Clear();
    }

    public ReadOnlySpan<float> Features => _features.AsSpan(_start, _width);

    /// <summary>Writes the row's features into a place of the caller's from now on: one row of many that lie one after the other.</summary>
    public void MoveTo(float[] features, int start)
    {
        if (start < 0 || start + _width > features.Length)
            throw new ArgumentException($"There is no room for {_width} features.", nameof(start));
        (_features, _start) = (features, start);
    }

    /// <summary>Input of the last cell that was a text where a number belongs, or a category that training did not see; -1 for none.</summary>
    public int Unusual { get; private set; } = -1;

    /// <summary>Makes every cell missing.</summary>
    public void Clear()
    {
        _features.AsSpan(_start, _width).Fill(float.NaN);
        Unusual = -1;
    }

    public void SetNumber(int input, double value)
    {
        var at = _start + _plan.Offsets[input];
        switch (_plan.Inputs[input].Encoding)
        {
            case Encoding.Number:
                _features[at] = FeaturePlan.Narrow(value);
                break;
            case Encoding.DateParts:
                FeaturePlan.WriteDate(value, _features.AsSpan(at, 4));
                break;
            case Encoding.Category or Encoding.Text when !double.IsNaN(value):
                Span<char> text = stackalloc char[32];
                if (value.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture))
                    SetText(input, text[..length]);
                break;
        }
    }

    /// <summary>A cell as text; an empty one is missing.</summary>
    public void SetText(int input, ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
            return;
        switch (_plan.Inputs[input].Encoding)
        {
            case Encoding.Category:
                SetLevel(input, text);
                break;
            case Encoding.Text:
                TextGrams.Write(text, _features.AsSpan(_start + _plan.Offsets[input], _plan.Inputs[input].Buckets!.Value));
                break;
            case Encoding.DateParts when DateTime.TryParse(
                text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment):
                SetNumber(input, (moment - DateTime.UnixEpoch).TotalSeconds);
                break;
            case Encoding.Number when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number):
                SetNumber(input, number);
                break;
            case Encoding.Number when _plan.Inputs[input].Kind == ColumnKind.Boolean && bool.TryParse(text, out var truth):
                SetNumber(input, truth ? 1 : 0);
                break;
            default:
                Unusual = input;
                break;
        }
    }

    private void SetLevel(int input, ReadOnlySpan<char> text)
    {
        if (_levels[input].TryGetValue(text, out var code))
            _features[_start + _plan.Offsets[input]] = code;
        else
            Unusual = input;
    }
}
