using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Explanation;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Neighbours;
using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Search;

/// <summary>
/// Makes entries of the leaderboard out of trials. A candidate's model is the mean of its fold models in margin space, so nothing is
/// trained twice; with validation rows it is the one model trained beside them.
/// </summary>
internal sealed class Leaderboard(SearchData data, AutoMlOptions options, SearchClock clock)
{
    public const string EnsembleName = "StackedEnsemble";

    /// <summary>What a model ranks behind that is too slow.</summary>
    private const double TooSlow = 1e290;
    private const int SpeedRows = 128;
    private const int LeastSpeedRuns = 3;
    private const int MostSpeedRuns = 12;
    private static readonly TimeSpan MostSpeedTime = TimeSpan.FromMilliseconds(60);

    /// <summary>An entry, and, unless the trial failed, what ensembles need of it.</summary>
    public (CandidateResult Entry, Member? Member) Entry(TrialRun run)
    {
        var learner = run.Trial.Learner;
        var entry = new CandidateResult
        {
            Number = run.Trial.Number, Algorithm = learner.Algorithm, Name = run.Trial.Name, Parameters = learner.Parameters,
            TrainSeconds = run.Seconds, Failure = run.Failure,
        };
        if (run.Failure is not null)
            return (entry, null);
        var stamp = clock.Stamp();
        var member = Join(run);
        entry = Finish(entry with { History = run.Folds[0]!.History }, member.Model, member.Scores, stamp);
        return (entry, member with { MicrosPerRow = entry.MicrosPerRow });
    }

    /// <summary>The folds of a trial as one model with the scores of the rows that they held back.</summary>
    public Member Join(TrialRun run)
    {
        IModel[] models = [.. run.Folds.Select(f => f!.Model!)];
        double[] scores = [.. run.Scores.SelectMany(s => s!)];
        if (models[0] is Forest { Link: Link.Probability })
            scores = Calibrate(models, scores);
        return new Member(
            run.Trial.Number, run.Trial.Name, models.Length > 1 && run.Trial.Learner is NearestNeighbours ? [Whole(run.Trial.Learner)] : models, scores,
            data.MeanLoss(scores, data.Truth), run.Seconds, run.Parts[0]);
    }

    /// <summary>The greedy blend.</summary>
    /// <param name="mostCost">See <see cref="RowTime"/>.</param>
    public CandidateResult Blend(IReadOnlyList<(Member Member, double Weight)> chosen, double mostCost, long stamp)
    {
        var blend = new Blend(RowTime.Thin(chosen, mostCost), [.. chosen.Select(m => m.Weight)]);
        return Finish(Ensemble("blend", int.MaxValue - 1, chosen, clock.Since(stamp)), blend, Member.Blend(chosen), stamp);
    }

    /// <summary>Members by themselves and through a second level.</summary>
    /// <param name="read">The members whose scores the second level reads.</param>
    /// <param name="chosen">Of these and of the second level, with their weights.</param>
    public CandidateResult Stack(IReadOnlyList<Member> read, IReadOnlyList<(Member Member, double Weight)> chosen, double mostCost, long stamp)
    {
        var second = chosen.Where(c => !read.Contains(c.Member)).ToList();
        var weight = second.Sum(s => s.Weight);
        double[] direct = [.. read.Select(m => chosen.FirstOrDefault(c => c.Member == m).Weight)];
        // What the second level reads counts through it as well.
        var models = RowTime.Thin([.. read.Select((m, i) => (m, direct[i] + weight / read.Count)), .. second], mostCost);
        var model = new StackedModel(
            [.. models.Take(read.Count)], direct, new Blend([.. models.Skip(read.Count)], [.. second.Select(s => s.Weight / weight)]), weight);
        return Finish(Ensemble("stack", int.MaxValue, chosen, clock.Since(stamp)), model, Member.Blend(chosen), stamp);
    }

    /// <summary>A second level that was trained and gains nothing.</summary>
    public static CandidateResult Unused(IReadOnlyList<Member> second) => new()
    {
        Number = int.MaxValue, Algorithm = EnsembleName, Name = $"{EnsembleName}_Stack_1", TrainSeconds = second.Sum(s => s.Seconds),
        Parameters = new Dictionary<string, HyperParameter> { ["kind"] = new("blend", "stack") },
        Failure = $"The blend is not bettered by what learns from its members' scores: its loss is least without ({string.Join(", ", second.Select(s => $"{s.Name}: {s.Loss:G5}"))}).",
    };

    private static CandidateResult Ensemble(string kind, int number, IReadOnlyList<(Member Member, double Weight)> chosen, TimeSpan took) => new()
    {
        Number = number, Algorithm = EnsembleName, Name = $"{EnsembleName}_{char.ToUpperInvariant(kind[0])}{kind[1..]}_1", TrainSeconds = took.TotalSeconds,
        Parameters = chosen.ToDictionary(m => m.Member.Name, m => new HyperParameter(0.0, m.Weight), StringComparer.Ordinal)
            .Append(new("kind", new HyperParameter("blend", kind))).ToDictionary(StringComparer.Ordinal),
    };

    /// <summary>Neighbours are not learned but kept, so one model keeps all rows.</summary>
    private IModel Whole(ILearner learner) => learner.Fit(
        data.Set.With([.. data.Folds.SelectMany(f => f.Train.Concat(f.Held)).Distinct().Order()]), new FitContext { Seed = options.Seed, Threads = 1 });

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

    private CandidateResult Finish(CandidateResult result, IModel model, double[] scores, long stamp)
    {
        var trained = new TrainedModel(new ModelHeader(
            result.Algorithm, data.Labels.Task, data.Target, data.Labels.Classes, 0.5, data.Plan.Inputs,
            data.IsRegression ? data.Labels.Values.Where(double.IsFinite).Min() : null, data.IsRegression ? data.Labels.Values.Where(double.IsFinite).Max() : null), model);
        var outputs = trained.Link(scores);
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
            Rank = Rank(report) + (micros > options.MaxMicrosPerRow ? TooSlow : 0),
            Outputs = outputs,
            Truth = truth,
            FoldScores = [.. foldScores],
            Importance = VariableImportance.Of(model, data.Plan.Features),
            MicrosPerRow = micros,
        };
        // The blend at the end takes some times as long as a model, a stack about as long as a blend.
        clock.Keep((result.Algorithm == EnsembleName ? 1.5 : 3) * clock.Since(stamp) + TimeSpan.FromMilliseconds(200));
        return entry;
    }

    /// <summary>Microseconds per row of the compiled model, in blocks of rows on one thread: the least of some, since others want the processor too.</summary>
    private double Speed(TrainedModel model)
    {
        var width = data.Set.Features.FeatureCount;
        var rows = Math.Min(SpeedRows, data.Set.Features.RowCount);
        var values = new float[rows * width];
        for (var r = 0; r < rows; r++)
            data.Set.Features.CopyRow(r, values.AsSpan(r * width, width));
        var (least, spent) = (TimeSpan.MaxValue, TimeSpan.Zero);
        for (var i = 0; i < LeastSpeedRuns || i < MostSpeedRuns && spent < MostSpeedTime; i++)
        {
            var began = clock.Stamp();
            model.PredictRows(values, rows);
            var took = clock.Since(began);
            (least, spent) = (took < least ? took : least, spent + took);
        }
        return least.TotalMicroseconds / rows;
    }

    private double Rank(EvaluationReport report) =>
        report.Metrics.GetValueOrDefault(data.Metric, double.NaN) is var value && double.IsNaN(value) ? double.MaxValue
        : MetricDirection.IsLoss(data.Metric) ? value : -value;
}
