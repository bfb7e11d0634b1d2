using System.Text.Json;
using ModelHub.Application.Storage;
using ModelHub.Engine.Metrics;
using ModelHub.Engine.Search;

namespace ModelHub.Application.Experiments;

/// <summary>A trial of a search that has ended.</summary>
/// <param name="Score">Of the metric that orders the leaderboard; null when the trial failed.</param>
public sealed record LiveTrial(string Name, string Algorithm, double? Score, double TrainSeconds, string? Failure);

/// <summary>How far a search is, told while it runs.</summary>
/// <param name="Metric">Null until a first trial has ended well.</param>
/// <param name="Trials">In the order in which they ended; the last hundred.</param>
public sealed record SearchLive(string? Metric, int TrialsDone, LiveTrial? Best, IReadOnlyList<LiveTrial> Trials)
{
    private const int MostTrials = 100;

    public static SearchLive None { get; } = new(null, 0, null, []);

    internal static SearchLive Of(string? json) => json is null ? None : JsonSerializer.Deserialize<SearchLive>(json, StoredJson.Options) ?? None;

    internal SearchLive With(CandidateResult latest, string? wantedMetric)
    {
        var metric = Metric ?? (latest.Model is { } model ? wantedMetric ?? SearchPlan.UsualMetric(model.Task) : null);
        double? score = metric is not null && latest.Report?.Metrics.TryGetValue(metric, out var value) == true && double.IsFinite(value) ? value : null;
        var trial = new LiveTrial(latest.Name, latest.Algorithm, score, latest.TrainSeconds, latest.Failure);
        var isBest = score is { } own && (Best?.Score is not { } best || (MetricDirection.IsLoss(metric!) ? own < best : own > best));
        return new SearchLive(metric, TrialsDone + 1, isBest ? trial : Best, [.. Trials.Append(trial).TakeLast(MostTrials)]);
    }

    internal string ToJson() => JsonSerializer.Serialize(this, StoredJson.Options);
}
