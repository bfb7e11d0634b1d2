using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>
/// Makes entries of the leaderboard out of trials. A candidate's model is the mean of its fold models in margin space, so nothing is
/// trained twice; with validation rows it is the one model trained beside them.
/// </summary>
internal sealed class Leaderboard(SearchData data, AutoMlOptions options, SearchClock clock)
{
    public const int MostMembers = 12;
    private const int Rounds = 25;

    /// <summary>What a model ranks behind that is too slow.</summary>
    private const double TooSlow = 1e290;
    private const int MostSelectionCells = 200_000;

    public CandidateResult Entry(TrialRun run)
    {
        var learner = run.Trial.Learner;
        var entry = new CandidateResult
        {
            Number = run.Trial.Number, Algorithm = learner.Algorithm, Name = run.Trial.Name, Parameters = learner.Parameters,
            TrainSeconds = run.Seconds, Failure = run.Failure,
        };
        if (run.Failure is not null)
            return entry;
        var stamp = clock.Stamp();
        IModel[] models = [.. run.Folds.Select(f => f!.Model!)];
        double[] scores = [.. run.Scores.SelectMany(s => s!)];
        if (models[0] is Forest { Link: Link.Probability })
            scores = Calibrate(models, scores);
        var model = models.Length == 1 ? models[0] : Blend.Mean(models);
        return Finish(entry with { History = run.Folds[0]!.History, Scores = scores }, model, stamp);
    }

    /// <summary>The greedy blend of the best; null when one of them alone is best.</summary>
    public CandidateResult? Ensemble(IReadOnlyList<CandidateResult> entries, CancellationToken cancellation)
    {
        var stamp = clock.Stamp();
        CandidateResult[] trained = [.. entries.Where(e => e.Model is not null && !(e.MicrosPerRow > options.MaxMicrosPerRow)).OrderBy(e => e.Loss).ThenBy(e => e.Number).Take(MostMembers)];
        if (trained.Length < 2)
            return null;
        cancellation.ThrowIfCancellationRequested();
        var weights = Weigh(trained);
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
                Number = int.MaxValue,
                Algorithm = "StackedEnsemble",
                Name = "StackedEnsemble_1",
                Parameters = members.ToDictionary(m => m.First.Name, m => new HyperParameter(0.0, m.Second), StringComparer.Ordinal),
                TrainSeconds = clock.Since(stamp).TotalSeconds,
                Scores = scores,
            },
            blend,
            stamp);
    }

    /// <summary>Of very many rows every so-manieth is looked at.</summary>
    private double[] Weigh(CandidateResult[] trained)
    {
        var width = data.Set.OutputCount;
        var stride = Math.Max(1, data.Truth.Length * width / MostSelectionCells);
        int[] rows = [.. Enumerable.Range(0, (data.Truth.Length + stride - 1) / stride).Select(i => i * stride)];
        double[] truth = [.. rows.Select(r => data.Truth[r])];
        double[][] scores = [.. trained.Select(t => rows.SelectMany(r => new ArraySegment<double>(t.Scores, r * width, width)).ToArray())];
        bool Fits(int[] counts, int added) => options.MaxMicrosPerRow is not { } most
            || trained.Where((_, m) => m == added || counts[m] > 0).Sum(t => t.MicrosPerRow) <= most;
        return GreedySelection.Weigh(scores, s => data.MeanLoss(s, truth), Rounds, Fits);
    }

    /// <summary>Class shares become log odds; a fold's map is learned from the held rows of the others, so that its own stay unseen.</summary>
    private double[] Calibrate(IModel[] models, double[] shares)
    {
        var scores = new double[shares.Length];
        var width = data.Set.OutputCount;
        var at = 0;
        for (var k = 0; k < models.Length; k++)
        {
            var held = data.Folds[k].Held.Length;
            var (slope, offsets) = ShareCalibration.Fit(shares, data.Truth, width, (at, models.Length == 1 ? 0 : held));
            models[k] = ShareCalibration.Apply((Forest)models[k], slope, offsets);
            CompiledForest.Compile(models[k]).Score(data.Set.Features, data.Folds[k].Held, scores.AsSpan(at * width, held * width));
            at += held;
        }
        return scores;
    }

    private CandidateResult Finish(CandidateResult result, IModel model, long stamp)
    {
        var trained = new TrainedModel(new ModelHeader(
            result.Algorithm, data.Labels.Task, data.Target, data.Labels.Classes, 0.5, data.Plan.Inputs,
            data.IsRegression ? data.Labels.Values.Where(double.IsFinite).Min() : null, data.IsRegression ? data.Labels.Values.Where(double.IsFinite).Max() : null), model);
        var outputs = trained.Link(result.Scores);
        var truth = data.Truth;
        var report = EvaluationReport.Of(data.Labels.Task, data.Labels.Classes, outputs, truth);
        var foldScores = new List<double>();
        var at = 0;
        foreach (var fold in data.Folds)
        {
            var width = trained.OutputCount;
            var part = EvaluationReport.Of(
                data.Labels.Task, data.Labels.Classes, outputs[(at * width)..((at + fold.Held.Length) * width)], truth[at..(at + fold.Held.Length)]);
            foldScores.Add(part.Metrics.GetValueOrDefault(data.Metric, double.NaN));
            at += fold.Held.Length;
        }
        var micros = Speed(trained);
        var entry = result with
        {
            Model = trained,
            Report = report,
            Loss = data.MeanLoss(result.Scores, truth),
            Rank = Rank(report) + (micros > options.MaxMicrosPerRow ? TooSlow : 0),
            Outputs = outputs,
            Truth = truth,
            FoldScores = [.. foldScores],
            Importance = VariableImportance.Of(model, data.Plan.Features),
            MicrosPerRow = micros,
        };
        // The blend at the end takes some times as long.
        clock.Keep(3 * clock.Since(stamp) + TimeSpan.FromMilliseconds(200));
        return entry;
    }

    /// <summary>Microseconds per row of the compiled model, in blocks of rows on one thread.</summary>
    private double Speed(TrainedModel model)
    {
        var width = data.Set.Features.FeatureCount;
        var rows = Math.Min(512, data.Set.Features.RowCount);
        var values = new float[rows * width];
        for (var r = 0; r < rows; r++)
            data.Set.Features.CopyRow(r, values.AsSpan(r * width, width));
        model.PredictRows(values.AsSpan(0, width * Math.Min(rows, 32)), Math.Min(rows, 32));
        var began = clock.Stamp();
        model.PredictRows(values, rows);
        return clock.Since(began).TotalMicroseconds / rows;
    }

    private double Rank(EvaluationReport report) =>
        report.Metrics.GetValueOrDefault(data.Metric, double.NaN) is var value && double.IsNaN(value) ? double.MaxValue
        : MetricDirection.IsLoss(data.Metric) ? value : -value;
}
