using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Scoring;

/// <summary>
/// What each input adds to a row's raw score (exact SHAP); together with the bias they are the score: log-odds of the positive class, of one
/// class of many, or the value.
/// </summary>
public sealed class RowContributions
{
    private readonly LoadedModel _model;
    private readonly TrainedModel _trained;

    /// <exception cref="ModelHubException">The model has no exact contributions.</exception>
    public RowContributions(LoadedModel model)
    {
        if (model.Trained is not { HasContributions: true } trained)
            throw new ModelHubException(ErrorKind.WrongState, "no_contributions", "This model has no exact contributions.");
        (_model, _trained) = (model, trained);
    }

    /// <summary>log_odds or value: where the contributions add up.</summary>
    public string Space => _trained.ContributionSpace;

    /// <summary>Numbers per row and class: one for each input, and the bias last.</summary>
    public int Width => _trained.Inputs.Count + 1;

    /// <summary>Scores per row that have contributions: the classes of a multiclass model, else one.</summary>
    public int ScoreCount => _trained.Model.OutputCount;

    public string Feature(int input) => _trained.Inputs[input].Name;

    /// <summary>Of some rows that follow each other: rows × <see cref="ScoreCount"/> × <see cref="Width"/>.</summary>
    public double[] Of(RowBlock rows, int from, int count)
    {
        var all = new double[count * _trained.ContributionWidth];
        _trained.Explain(rows.Features.Slice(from * rows.Width, count * rows.Width), all);
        return all;
    }

    /// <summary>Which of the scores is explained unless another is asked for: that of the likeliest class of many.</summary>
    public int Explained(ReadOnlySpan<double> outputs) => ScoreCount > 1 ? EvaluationReport.Likeliest(outputs) : 0;

    /// <summary>The inputs with the largest contributions, these first; all in the model's order when there is no bound.</summary>
    public int[] Largest(ReadOnlySpan<double> contributions, int? most)
    {
        var inputs = new int[_trained.Inputs.Count];
        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = i;
        if (most is not { } bound)
            return inputs;
        var sizes = new double[inputs.Length];
        for (var i = 0; i < sizes.Length; i++)
            sizes[i] = -Math.Abs(contributions[i]);
        Array.Sort(sizes, inputs);
        return bound < inputs.Length ? inputs[..bound] : inputs;
    }

    public override string ToString() => $"{_model.Name} in {Space}";
}
