using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>
/// Trains a portfolio with cross-validation, keeps out-of-fold scores, and blends the best. A candidate's model is the mean of its fold
/// models in margin space, so nothing is trained twice; with validation rows it is the one model trained beside them.
/// </summary>
public sealed class AutoMlSearch
{
    private readonly AutoMlOptions _options;
    private readonly TimeProvider _clock;
    private readonly CancellationToken _cancellation;
    private readonly Labels _labels;
    private readonly FeaturePlan _plan;
    private readonly List<DroppedColumn> _dropped;
    private readonly TrainingSet _set;
    private readonly Fold[] _folds;
    private readonly int[] _held;
    private readonly string _metric;
    private readonly long _start;
    private readonly TimeSpan _budget;

    private AutoMlSearch(Table table, AutoMlOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        (_options, _clock, _cancellation, _start) = (options, clock, cancellation, clock.GetTimestamp());
        _budget = options.MaxRuntime ?? Portfolio.TimeFor(options.Mode);
        _labels = Labels.Of(table, options.Target, options.IsRegression);
        (_plan, _dropped) = FeaturePlan.Learn(table, options.Target, options.Categorical, options.Ignored);
        var features = _plan.Apply(table);
        var labels = _labels.Values;
        if (options.Validation is { } validation)
        {
            var others = Labels.Of(validation, options.Target, _labels.Task, _labels.Classes);
            features = Stack(features, _plan.Apply(validation));
            _folds = [new Fold(Labelled(labels, 0), Labelled(others, labels.Length))];
            labels = [.. labels, .. others];
            if (_folds[0].Held.Length == 0)
                throw new EngineException($"The validation rows have no label in column '{options.Target}'.");
        }
        else
        {
            _folds = Fold.Split(labels, _labels.Task, options.Folds, SeededRandom.Derive(options.Seed, 0));
        }
        _held = [.. _folds.SelectMany(f => f.Held)];
        _set = new TrainingSet(features, labels, _labels.Task, _labels.Classes.Count);
        _metric = options.Metric ?? (_labels.Task switch { TaskKind.Binary => "auc", TaskKind.Multiclass => "logloss", TaskKind.Regression => "rmse" });
        if (!MetricDirection.IsKnown(_metric, _labels.Task))
            throw new EngineException($"'{_metric}' is no metric of a {_labels.Task.ToString().ToLowerInvariant()} task.");
    }

    /// <exception cref="EngineException">The data cannot be learned from; the message names the column.</exception>
    public static SearchResult Run(Table table, AutoMlOptions options, SearchProgress? progress, TimeProvider clock, CancellationToken cancellation) =>
        new AutoMlSearch(table, options, clock, cancellation).Run(progress);

    private SearchResult Run(SearchProgress? progress)
    {
        var learners = Portfolio.For(_options.Mode, _labels.Task, _set.Count).Take(_options.MaxModels ?? int.MaxValue).ToList();
        var results = new List<CandidateResult>();
        foreach (var learner in learners)
        {
            if (results.Exists(r => r.Model is not null) && Elapsed > _budget)
                break;
            var number = results.Count(r => r.Algorithm == learner.Algorithm) + 1;
            results.Add(Try(learner, $"{learner.Algorithm}_{number}", learners.Count - results.Count));
            progress?.Invoke(results.Count, learners.Count, results[^1]);
        }
        var trained = results.Where(r => r.Model is not null).ToList();
        if (trained.Count == 0)
            throw new EngineException("No model could be trained: " + results.FirstOrDefault()?.Failure);
        if (trained.Count > 1 && Blend(trained) is { } ensemble)
            results.Add(ensemble);
        return new SearchResult(_labels.Task, _labels.Classes, _dropped, _metric, [.. results.OrderBy(r => r.Rank)]);
    }

    private TimeSpan Elapsed => _clock.GetElapsedTime(_start);

    private CandidateResult Try(ILearner learner, string name, int candidatesLeft)
    {
        var began = Elapsed;
        var result = new CandidateResult { Algorithm = learner.Algorithm, Name = name, Parameters = learner.Parameters, TrainSeconds = 0 };
        try
        {
            var history = new List<FitStep>();
            var models = FitFolds(learner, began + (_budget - began) / candidatesLeft, history);
            var scores = HeldScores(models);
            if (models[0] is Forest { Link: Link.Probability })
            {
                Calibrate(models, scores);
                scores = HeldScores(models);
            }
            var model = models.Length == 1 ? models[0] : Ensembles.Blend.Mean(models);
            return Finish(result with { TrainSeconds = (Elapsed - began).TotalSeconds, History = history, Scores = scores }, model);
        }
        catch (EngineException refusal)
        {
            return result with { TrainSeconds = (Elapsed - began).TotalSeconds, Failure = refusal.Message };
        }
    }

    private double[] HeldScores(IModel[] models)
    {
        var scores = new double[_held.Length * _set.OutputCount];
        var at = 0;
        for (var k = 0; k < _folds.Length; k++)
        {
            models[k].Score(_set.Features, _folds[k].Held, scores.AsSpan(at));
            at += _folds[k].Held.Length * _set.OutputCount;
        }
        return scores;
    }

    /// <summary>Class shares become log odds; a fold's map is learned from the held rows of the others, so that its own stay unseen.</summary>
    private void Calibrate(IModel[] models, double[] shares)
    {
        double[] labels = [.. _held.Select(r => _set.Labels[r])];
        var at = 0;
        for (var k = 0; k < models.Length; k++)
        {
            var held = _folds[k].Held.Length;
            var (slope, offsets) = ShareCalibration.Fit(shares, labels, _set.OutputCount, (at, models.Length == 1 ? 0 : held));
            models[k] = ShareCalibration.Apply((Forest)models[k], slope, offsets);
            at += held;
        }
    }

    /// <summary>Little data: a fold per thread. Much data: all threads in one fold after the other.</summary>
    private IModel[] FitFolds(ILearner learner, TimeSpan until, List<FitStep> history)
    {
        var models = new IModel[_folds.Length];
        var isSmall = (long)_set.Count * _set.Features.FeatureCount < 200_000;
        void Fit(int k)
        {
            // The time that is left is shared evenly by the folds that are left.
            var now = Elapsed;
            var share = isSmall ? until : now + (until - now) / (_folds.Length - k);
            models[k] = learner.Fit(_set.With(_folds[k].Train), new FitContext
            {
                Seed = SeededRandom.Derive(_options.Seed, (ulong)k + 1),
                Threads = isSmall ? 1 : _options.Threads,
                Cancellation = _cancellation,
                ValidationRows = _folds[k].Held,
                OutOfTime = () => Elapsed > share,
                Progress = k == 0 ? history.Add : null,
            });
        }
        if (isSmall)
            Parallel.For(0, _folds.Length, new ParallelOptions { MaxDegreeOfParallelism = _options.Threads, CancellationToken = _cancellation }, Fit);
        else
            for (var k = 0; k < _folds.Length; k++)
                Fit(k);
        return models;
    }

    private CandidateResult? Blend(List<CandidateResult> trained)
    {
        var began = Elapsed;
        var weights = GreedySelection.Weigh([.. trained.Select(t => t.Scores)], LossOf, 25);
        var members = trained.Zip(weights).Where(p => p.Second > 0).ToList();
        if (members.Count < 2)
            return null;
        var blend = new Blend([.. members.Select(m => m.First.Model!.Model)], [.. members.Select(m => m.Second)]);
        var scores = new double[trained[0].Scores.Length];
        foreach (var (member, weight) in members)
        {
            for (var i = 0; i < scores.Length; i++)
                scores[i] += weight * member.Scores[i];
        }
        return Finish(
            new CandidateResult
            {
                Algorithm = "StackedEnsemble",
                Name = "StackedEnsemble_1",
                Parameters = members.ToDictionary(m => m.First.Name, m => new HyperParameter(0.0, m.Second), StringComparer.Ordinal),
                TrainSeconds = (Elapsed - began).TotalSeconds,
                Scores = scores,
            },
            blend);
    }

    private CandidateResult Finish(CandidateResult result, IModel model)
    {
        var trained = new TrainedModel(new ModelHeader(
            result.Algorithm, _labels.Task, _options.Target, _labels.Classes, 0.5, _plan.Inputs,
            IsRegression ? _labels.Values.Where(double.IsFinite).Min() : null, IsRegression ? _labels.Values.Where(double.IsFinite).Max() : null), model);
        var outputs = trained.Link(result.Scores);
        double[] truth = [.. _held.Select(r => _set.Labels[r])];
        var report = EvaluationReport.Of(_labels.Task, _labels.Classes, outputs, truth);
        var foldScores = new List<double>();
        var at = 0;
        foreach (var fold in _folds)
        {
            var width = trained.OutputCount;
            var part = EvaluationReport.Of(
                _labels.Task, _labels.Classes, outputs[(at * width)..((at + fold.Held.Length) * width)], truth[at..(at + fold.Held.Length)]);
            foldScores.Add(part.Metrics.GetValueOrDefault(_metric, double.NaN));
            at += fold.Held.Length;
        }
        return result with
        {
            Model = trained,
            Report = report,
            Rank = Rank(report),
            Outputs = outputs,
            Truth = truth,
            FoldScores = [.. foldScores],
            Importance = VariableImportance.Of(model, _plan.Features),
            MicrosPerRow = Speed(trained),
        };
    }

    private double Speed(TrainedModel model)
    {
        var rows = Math.Min(200, _set.Features.RowCount);
        var row = new float[_set.Features.FeatureCount];
        var scores = new double[model.Model.OutputCount];
        var began = _clock.GetTimestamp();
        for (var r = 0; r < rows; r++)
        {
            _set.Features.CopyRow(r, row);
            model.Model.Score(row, scores);
        }
        return _clock.GetElapsedTime(began).TotalMicroseconds / rows;
    }

    private double Rank(EvaluationReport report) =>
        report.Metrics.GetValueOrDefault(_metric, double.NaN) is var value && double.IsNaN(value) ? double.MaxValue
        : MetricDirection.IsLoss(_metric) ? value : -value;

    /// <summary>The smooth loss of raw scores over the held rows.</summary>
    private double LossOf(double[] scores)
    {
        Losses.ILoss loss = _labels.Task switch
        {
            TaskKind.Binary => new Losses.LogisticLoss(),
            TaskKind.Multiclass => new Losses.SoftmaxLoss(_labels.Classes.Count),
            TaskKind.Regression => new Losses.SquaredLoss(),
        };
        var width = _set.OutputCount;
        var sum = 0.0;
        for (var i = 0; i < _held.Length; i++)
            sum += loss.Value(scores.AsSpan(i * width, width), _set.Labels[_held[i]]);
        return sum;
    }

    private bool IsRegression => _labels.Task == TaskKind.Regression;

    private static int[] Labelled(double[] labels, int offset) =>
        [.. Enumerable.Range(0, labels.Length).Where(r => !double.IsNaN(labels[r])).Select(r => r + offset)];

    private static FeatureMatrix Stack(FeatureMatrix above, FeatureMatrix below)
    {
        var columns = new float[above.FeatureCount][];
        for (var f = 0; f < columns.Length; f++)
        {
            columns[f] = new float[above.RowCount + below.RowCount];
            for (var r = 0; r < columns[f].Length; r++)
                columns[f][r] = r < above.RowCount ? above[r, f] : below[r - above.RowCount, f];
        }
        return new FeatureMatrix(above.Features, columns, above.RowCount + below.RowCount);
    }
}
