using System.Buffers;
using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Serialization;

namespace ModelHub.Engine.Inference;

/// <summary>What an artifact says about its model besides numbers.</summary>
/// <param name="TargetMin">Smallest and largest target that training saw, for a regression; null when not known.</param>
public sealed record ModelHeader(
    string Algorithm, TaskKind Task, string Target, IReadOnlyList<string> Classes, double Threshold, IReadOnlyList<InputColumn> Inputs,
    double? TargetMin = null, double? TargetMax = null);

/// <summary>
/// A model with everything it needs: inputs, preparation, classes, threshold. Immutable and thread-safe. One row and many give the same
/// bits. Stored as one self-contained artifact whose golden rows are replayed when it is loaded.
/// </summary>
public sealed class TrainedModel
{
    private readonly Dictionary<string, int> _inputs;
    private readonly Dictionary<string, int>[] _levels;
    private readonly FeaturePlan _plan;
    private readonly Lazy<ShapExplainer> _explainer;

    public TrainedModel(ModelHeader header, IModel model)
    {
        Header = header;
        Model = model = CompiledForest.Compile(model);
        _plan = new FeaturePlan(header.Inputs);
        _explainer = new Lazy<ShapExplainer>(() => ShapExplainer.Explains(model)
            ? new ShapExplainer(model) : throw new EngineException("This model has no exact contributions."));
        if (model.FeatureCount != _plan.Features.Count)
            throw new EngineException($"The model reads {model.FeatureCount} features, its preparation makes {_plan.Features.Count}.");
        if (model.OutputCount != (header.Task == TaskKind.Multiclass ? header.Classes.Count : 1))
            throw new EngineException("The model's scores do not fit its classes.");
        _inputs = header.Inputs.Select((input, at) => (input.Name, at)).ToDictionary(p => p.Name, p => p.at, StringComparer.Ordinal);
        _levels = [.. header.Inputs.Select(input => (input.Levels ?? []).Select((level, code) => (level, code))
            .ToDictionary(p => p.level, p => p.code, StringComparer.Ordinal))];
    }

    public ModelHeader Header { get; }

    /// <summary>The model, its forests compiled.</summary>
    public IModel Model { get; }

    public TaskKind Task => Header.Task;

    public IReadOnlyList<string> Classes => Header.Classes;

    public IReadOnlyList<InputColumn> Inputs => Header.Inputs;

    /// <summary>Numbers per row: a probability per class (binary: negative, positive), or one value.</summary>
    public int OutputCount => Task == TaskKind.Regression ? 1 : Classes.Count;

    /// <summary>The number of an input by its column's name, -1 for a column that the model does not read.</summary>
    public int FindInput(string name) => _inputs.GetValueOrDefault(name, -1);

    public RowBuffer CreateRow() => new(_plan, [.. _levels.Select(l => l.GetAlternateLookup<ReadOnlySpan<char>>())]);

    public void Predict(RowBuffer row, Span<double> outputs) => Predict(row.Features, outputs);

    /// <summary>
    /// The same model for who holds many: scores as fast, its trees packed until it is explained, exported or stored.
    /// </summary>
    public TrainedModel Packed() => new(Header, CompiledForest.Pack(Model));

    /// <summary>Features per row, as <see cref="RowBuffer"/> writes them.</summary>
    public int FeatureCount => _plan.Features.Count;

    /// <summary>Per input its first feature.</summary>
    public ReadOnlySpan<int> FeatureOffsets => _plan.Offsets;

    /// <summary>The features of a table's rows.</summary>
    public FeatureMatrix Prepare(Table table) => _plan.Apply(table);

    /// <summary>Predictions of rows whose features lie one after the other: rows × <see cref="OutputCount"/>.</summary>
    public double[] PredictRows(ReadOnlySpan<float> features, int rows)
    {
        var outputs = new double[rows * OutputCount];
        PredictRows(features[..(rows * FeatureCount)], outputs);
        return outputs;
    }

    /// <summary>Predictions of rows whose features lie one after the other; <paramref name="outputs"/> is rows × <see cref="OutputCount"/>.</summary>
    public void PredictRows(ReadOnlySpan<float> features, Span<double> outputs)
    {
        var rows = FeatureCount == 0 ? 0 : features.Length / FeatureCount;
        if (rows == 1)
        {
            Predict(features, outputs);
            return;
        }
        var scores = ArrayPool<double>.Shared.Rent(rows * Model.OutputCount);
        Model.ScoreRows(features, scores.AsSpan(0, rows * Model.OutputCount));
        LinkRows(scores.AsSpan(0, rows * Model.OutputCount), outputs);
        ArrayPool<double>.Shared.Return(scores);
    }

    /// <summary>Rows × <see cref="OutputCount"/>, row after row, on all threads.</summary>
    public double[] Predict(Table table, CancellationToken cancellation = default) => Predict(_plan.Apply(table), cancellation);

    /// <summary>The same for features that were prepared already.</summary>
    public double[] Predict(FeatureMatrix features, CancellationToken cancellation = default)
    {
        var outputs = new double[(long)features.RowCount * OutputCount];
        Parallel.For(0, (features.RowCount + 1023) / 1024, new ParallelOptions { CancellationToken = cancellation }, block =>
        {
            int[] rows = [.. Enumerable.Range(block * 1024, Math.Min(1024, features.RowCount - block * 1024))];
            var scores = new double[rows.Length * Model.OutputCount];
            Model.Score(features, rows, scores);
            LinkRows(scores, outputs.AsSpan(block * 1024 * OutputCount, rows.Length * OutputCount));
        });
        return outputs;
    }

    /// <summary>In which space contributions add up: log_odds (the score before the logistic or softmax) or value.</summary>
    public string ContributionSpace => Task == TaskKind.Regression ? "value" : "log_odds";

    /// <summary>
    /// What each input column adds to one raw score of a row (exact SHAP), and the bias: together they are the score.
    /// </summary>
    /// <param name="output">The class of a multiclass model; 0 otherwise.</param>
    /// <exception cref="EngineException">The model is of a kind that has no exact contributions.</exception>
    public (IReadOnlyList<KeyValuePair<string, double>> Columns, double Bias) Contributions(RowBuffer row, int output) =>
        Contributions(row.Features, output);

    /// <summary>The same for a row's features.</summary>
    public (IReadOnlyList<KeyValuePair<string, double>> Columns, double Bias) Contributions(ReadOnlySpan<float> features, int output)
    {
        var explainer = _explainer.Value;
        var all = new double[explainer.Width];
        explainer.Explain(features, all);
        var own = all.AsSpan(output * (explainer.FeatureCount + 1), explainer.FeatureCount + 1);
        var sums = new OrderedDictionary<string, double>(StringComparer.Ordinal);
        for (var f = 0; f < _plan.Features.Count; f++)
            sums[_plan.Features[f].Source] = sums.GetValueOrDefault(_plan.Features[f].Source) + own[f];
        return ([.. sums], own[^1]);
    }

    /// <summary>Whether contributions can be had.</summary>
    public bool HasContributions => ShapExplainer.Explains(Model);

    /// <summary>Numbers per row that <see cref="Explain"/> gives: per raw score one for each input, and the bias last.</summary>
    public int ContributionWidth => Model.OutputCount * (Inputs.Count + 1);

    /// <summary>Contributions of rows whose features lie one after the other, by input column: rows × <see cref="ContributionWidth"/>.</summary>
    /// <exception cref="EngineException">The model is of a kind that has no exact contributions.</exception>
    public void Explain(ReadOnlySpan<float> features, Span<double> contributions)
    {
        var explainer = _explainer.Value;
        if (Inputs.Count == FeatureCount)
        {
            explainer.ExplainRows(features, contributions);
            return;
        }
        // A date is one input and several features.
        var all = new double[features.Length / FeatureCount * explainer.Width];
        explainer.ExplainRows(features, all);
        var at = 0;
        for (var from = 0; from < all.Length; from += FeatureCount + 1)
        {
            for (var i = 0; i < Inputs.Count; i++)
            {
                var (own, next) = (_plan.Offsets[i], i + 1 < Inputs.Count ? _plan.Offsets[i + 1] : FeatureCount);
                contributions[at] = all[from + own];
                while (++own < next)
                    contributions[at] += all[from + own];
                at++;
            }
            contributions[at++] = all[from + FeatureCount];
        }
    }

    /// <summary>The class of a row's probabilities.</summary>
    public string Label(ReadOnlySpan<double> outputs, double? threshold = null) =>
        Classes[EvaluationReport.Decide(outputs, threshold ?? Header.Threshold)];

    /// <summary>Everything in one file.</summary>
    public byte[] ToArtifact()
    {
        using var stream = new MemoryStream();
        WriteArtifact(stream);
        return stream.ToArray();
    }

    /// <summary>The same bytes, to a stream that is left open.</summary>
    public void WriteArtifact(Stream target) => ModelArtifact.Write(this, target);

    /// <exception cref="EngineException">The bytes are no artifact, were changed, or give other predictions here than where they were made.</exception>
    public static TrainedModel FromArtifact(ReadOnlyMemory<byte> bytes) => ModelArtifact.Read(bytes);

    /// <summary>Raw scores of any number of rows as predictions.</summary>
    public double[] Link(ReadOnlySpan<double> scores)
    {
        var rows = scores.Length / Model.OutputCount;
        var outputs = new double[rows * OutputCount];
        LinkRows([.. scores], outputs);
        return outputs;
    }

    private void Predict(ReadOnlySpan<float> features, Span<double> outputs)
    {
        Span<double> scores = Model.OutputCount <= 64 ? stackalloc double[Model.OutputCount] : new double[Model.OutputCount];
        Model.Score(features, scores);
        Link(scores, outputs);
    }

    /// <summary>Scores of many rows as predictions; the scores are spent.</summary>
    private void LinkRows(Span<double> scores, Span<double> outputs)
    {
        if (Task == TaskKind.Binary && Model.OutputCount == 1)
        {
            if (Model.Link != Engine.Link.Probability)
                Elementary.Logistic(scores);
            for (var r = 0; r < scores.Length; r++)
                (outputs[2 * r], outputs[2 * r + 1]) = (1 - scores[r], scores[r]);
            return;
        }
        for (var (at, to) = (0, 0); at < scores.Length; at += Model.OutputCount, to += OutputCount)
            Link(scores.Slice(at, Model.OutputCount), outputs.Slice(to, OutputCount));
    }

    private void Link(ReadOnlySpan<double> scores, Span<double> outputs)
    {
        if (Task == TaskKind.Binary)
        {
            outputs[1] = Model.Link == Engine.Link.Probability ? scores[0] : Elementary.Logistic(scores[0]);
            outputs[0] = 1 - outputs[1];
            return;
        }
        scores.CopyTo(outputs);
        if (Model.Link == Engine.Link.Softmax)
            Elementary.Softmax(outputs);
        else if (Model.Link == Engine.Link.Exponential)
            outputs[0] = Elementary.Exp(outputs[0]);
        else if (Model.Link == Engine.Link.Logistic)
            outputs[0] = Elementary.Logistic(outputs[0]);
    }
}
