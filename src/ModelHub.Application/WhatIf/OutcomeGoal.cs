using ModelHub.Application.Errors;
using ModelHub.Application.Serving;

namespace ModelHub.Application.WhatIf;

/// <summary>A wanted outcome as numbers: how far predictions are from it.</summary>
internal sealed class OutcomeGoal
{
    private readonly LoadedModel _model;
    private readonly int _class;
    private readonly double? _probability;

    /// <summary>Of the positive probability, or of the value.</summary>
    private readonly double _least;
    private readonly double _most;

    private OutcomeGoal(LoadedModel model, int wantedClass, double? probability, double least, double most) =>
        (_model, _class, _probability, _least, _most) = (model, wantedClass, probability, least, most);

    /// <exception cref="ModelHubException">The outcome is none of this model's.</exception>
    public static OutcomeGoal Of(LoadedModel model, WantedOutcome wanted)
    {
        if (model.IsRegression)
        {
            if (wanted.Class is not null || wanted.Probability is not null || wanted is { AtLeast: null, AtMost: null } || wanted.AtLeast > wanted.AtMost)
                throw ModelHubException.Invalid("wanted", "'wanted' of a regression is 'at_least', 'at_most', or both.");
            return new OutcomeGoal(model, 0, null, wanted.AtLeast ?? double.NegativeInfinity, wanted.AtMost ?? double.PositiveInfinity);
        }
        var index = -1;
        for (var k = 0; k < model.Header.Classes.Count; k++)
            index = model.Header.Classes[k] == wanted.Class ? k : index;
        if (index < 0 || wanted.AtLeast is not null || wanted.AtMost is not null)
            throw ModelHubException.Invalid("wanted", $"'wanted' is a 'class' of {string.Join(", ", model.Header.Classes.Take(20))}, with a 'probability' if you like.");
        if (wanted.Probability is { } p && !(p is > 0 and <= 1))
            throw ModelHubException.Invalid("wanted", "'probability' is above 0 and at most 1.");
        if (!model.IsBinary)
            return new OutcomeGoal(model, index, wanted.Probability, 0, 1);
        // A class is predicted as positive when its probability exceeds the threshold.
        return index == 1 ? new OutcomeGoal(model, 1, wanted.Probability, wanted.Probability ?? Math.BitIncrement(model.Header.Threshold), 1)
            : new OutcomeGoal(model, 0, wanted.Probability, 0, wanted.Probability is { } q ? 1 - q : model.Header.Threshold);
    }

    /// <summary>Per row; 0 or less when it is there.</summary>
    public double[] Gaps(double[] outputs, int width)
    {
        var gaps = new double[outputs.Length / width];
        for (var r = 0; r < gaps.Length; r++)
            gaps[r] = Gap(outputs.AsSpan(r * width, width));
        return gaps;
    }

    /// <summary>Whether a raw score between these would do.</summary>
    public bool IsWithin(double least, double largest)
    {
        var outputs = _model.Trained!.Link([least, largest]);
        var at = _model.IsBinary ? 1 : 0;
        return outputs[at + _model.OutputCount] >= _least - 1e-12 && outputs[at] <= _most + 1e-12;
    }

    private double Gap(ReadOnlySpan<double> outputs)
    {
        if (_model.IsRegression)
            return Math.Max(_least - outputs[0], outputs[0] - _most);
        if (_probability is { } wanted)
            return wanted - outputs[_class];
        if (_model.IsBinary)
            return Math.Max(_least - outputs[1], outputs[1] - _most);
        if (_model.Decide(outputs) == _class)
            return -1;
        var best = 0.0;
        foreach (var p in outputs)
            best = Math.Max(best, p);
        return Math.Max(double.Epsilon, best - outputs[_class]);
    }
}
