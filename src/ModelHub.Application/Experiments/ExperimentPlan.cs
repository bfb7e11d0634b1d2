using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Datasets;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Experiments;

/// <summary>What a search would come to, before anything is spent.</summary>
/// <param name="Columns">That the models would read.</param>
/// <param name="Features">What the columns become: a date is four, a text some sixty.</param>
/// <param name="Trials">Algorithms that would be tried first, in this order.</param>
/// <param name="TunedTrials">At most after these, proposed by what they came to.</param>
/// <param name="ExpectedSeconds">Of the wall clock.</param>
/// <param name="BudgetSeconds">After which it ends in any case; null for none.</param>
/// <param name="MemoryBytes">At its peak, beside what the hub takes anyway; with what is let lie where memory is plenty.</param>
/// <param name="MemoryAvailableBytes">Of the process that was asked.</param>
/// <param name="MeasuredOn">Searches of this hub that the time is scaled by; 0 when it is the developers' machine's.</param>
public sealed record ExperimentPlan(
    string Task, string Metric, long Rows, int Columns, int Features, int Classes, int Folds, IReadOnlyList<string> Trials, int TunedTrials, double ExpectedSeconds,
    double? BudgetSeconds, long MemoryBytes, long MemoryAvailableBytes, int MeasuredOn, IReadOnlyList<string> Warnings);

/// <summary>Estimates searches from what is known of a dataset without reading it.</summary>
public sealed class PlanningService(HubDbContext db, ExperimentService experiments)
{
    /// <summary>Of one processor: compiling what a search runs, reading the table, publishing the models. Measured as told at <see cref="SearchPlan"/>.</summary>
    private const double FixedSeconds = 4;
    private const int FewValues = 20;
    private const int TextFeatures = 64;
    private const int MostMeasured = 20;

    /// <summary>A model is there as it was learned, compiled, and written.</summary>
    private const int FormsOfModels = 3;

    /// <summary>Trials whose scores are kept for an ensemble.</summary>
    private const int MostMembers = 12;

    /// <summary>What compiled code and the runtime's collector take while a search runs, where memory is plenty: 50 to 70 MB beside small tables.</summary>
    private const long UsualGarbage = 60L << 20;

    /// <exception cref="Errors.ModelHubException">The search would be refused.</exception>
    public async Task<ExperimentPlan> PlanAsync(Caller caller, NewExperiment wanted, CancellationToken cancellation)
    {
        var (version, _) = await experiments.CheckAsync(caller, wanted, cancellation);
        var columns = DatasetService.Columns(version);
        var work = WorkOf(version.RowCount, columns, wanted.Target!, wanted.ProblemType, wanted.Config);
        var scale = await ScaleAsync(cancellation);
        var budget = BudgetOf(wanted.Config)?.TotalSeconds;
        var expected = work.Seconds * scale.Factor;
        var needed = MemoryOf(version.RowCount, columns.Count, work, budget / scale.Factor);
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var memory = needed + Math.Min(UsualGarbage, available / 4);
        var warnings = new List<string>();
        if (needed > available)
            warnings.Add("This is more memory than the process that was asked may use.");
        if (expected > budget)
            warnings.Add("The time ends before all of these are tried.");
        return new ExperimentPlan(
            work.Task.ToString().ToLowerInvariant(), wanted.Config.Metric ?? SearchPlan.UsualMetric(work.Task), version.RowCount, work.Columns, work.Features,
            work.Classes, work.Folds, [.. work.Plan.Portfolio.Select(t => t.Algorithm)], work.Plan.Tuned,
            budget is { } most ? Math.Min(expected, most) : expected, budget, memory, available, scale.Measured, warnings);
    }

    internal static TimeSpan? BudgetOf(ExperimentConfig config) =>
        SearchPlan.Budget(TrainHandler.ModeOf(config.Mode), config.MaxModels, config.MaxRuntimeSecs is { } seconds ? TimeSpan.FromSeconds(seconds) : null);

    /// <summary>How many times as long as they were estimated this hub's last searches took, all together: long ones say more of the machine.</summary>
    private async Task<(double Factor, int Measured)> ScaleAsync(CancellationToken cancellation)
    {
        var past = await (from x in db.Experiments.AsNoTracking()
                          join v in db.DatasetVersions.AsNoTracking() on x.DatasetVersionId equals v.Id
                          where x.Status == ExperimentStatus.Succeeded && x.StartedAt != null && x.FinishedAt != null
                          orderby x.CreatedAt descending
                          select new { x.StartedAt, x.FinishedAt, x.Target, x.ProblemType, x.Config, v.RowCount, v.Schema }).Take(MostMeasured).ToListAsync(cancellation);
        // Those that ended with their time say nothing of how long their trials would have taken, those that hardly did more than start nothing of the machine.
        var told = past.Where(s => s.Config.MaxModels is not null)
            .Select(s => (Took: (s.FinishedAt - s.StartedAt)!.Value.TotalSeconds,
                Expected: WorkOf(s.RowCount, DatasetTables.Describe(s.Schema), s.Target, s.ProblemType, s.Config).Seconds))
            .Where(s => s.Expected > 2 * FixedSeconds / Environment.ProcessorCount).ToList();
        return told.Count == 0 ? (1, 0) : (Math.Clamp(told.Sum(s => s.Took) / told.Sum(s => s.Expected), 0.05, 50), told.Count);
    }

    private static Work WorkOf(long rows, IReadOnlyList<ColumnView> columns, string target, string problemType, ExperimentConfig config)
    {
        var read = columns.Where(c => c.Name != target && !config.IgnoredColumns.Contains(c.Name) && c.Kind is not "id" && c.Distinct > 1).ToList();
        var features = read.Sum(c => c.Kind switch { "date" => 4, "text" => TextFeatures, _ => 1 });
        var labels = columns.FirstOrDefault(c => c.Name == target);
        var isNumeric = labels?.Kind is "numeric" or "integer";
        var task = problemType == "regression" || problemType == "auto" && isNumeric && labels!.Distinct > FewValues ? TaskKind.Regression
            : labels?.Distinct <= 2 ? TaskKind.Binary : TaskKind.Multiclass;
        var classes = task == TaskKind.Regression ? 0 : (int)Math.Min(labels?.Distinct ?? 2, Labels.MostClasses);
        var folds = config.ValidationVersionId is null ? config.Folds ?? Fold.UsualCount(rows, features) : 1;
        var plan = SearchPlan.Of(TrainHandler.ModeOf(config.Mode), task, rows, folds, features, classes, config.MaxModels, config.MaxRuntimeSecs is not null);
        return new Work(task, read.Count, features, classes, folds, plan, (FixedSeconds + plan.Seconds(folds)) / Environment.ProcessorCount);
    }

    /// <summary>The table in eight bytes a cell, features in four, bins by row and by column, gradients, the held scores of members; and the models.</summary>
    private static long MemoryOf(long rows, int columns, Work work, double? seconds)
    {
        var outputs = work.Task == TaskKind.Multiclass ? work.Classes : 1;
        var scores = 8L * outputs * (Math.Min(work.Plan.Trials, MostMembers) + 2);
        var models = work.Plan.ModelBytes(work.Folds, seconds * Environment.ProcessorCount ?? double.PositiveInfinity);
        return rows * (8L * columns + 6L * work.Features + 16L * outputs + scores) + FormsOfModels * models;
    }

    private sealed record Work(TaskKind Task, int Columns, int Features, int Classes, int Folds, SearchPlan Plan, double Seconds);
}
