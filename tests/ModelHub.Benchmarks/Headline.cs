using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Numerics;

namespace ModelHub.Benchmarks;

/// <summary>The headline metric of a task over some rows: AUC, log loss or root mean squared error.</summary>
internal static class Headline
{
    public static string Name(TaskKind task) => task switch
    {
        TaskKind.Binary => "auc",
        TaskKind.Multiclass => "logloss",
        TaskKind.Regression => "rmse",
    };

    public static double Of(IModel model, TrainingSet set, int[] rows)
    {
        var width = model.OutputCount;
        var scores = new double[rows.Length * width];
        model.Score(set.Features, rows, scores);
        return set.Task switch
        {
            TaskKind.Binary => Auc(scores, rows, set.Labels),
            TaskKind.Multiclass => rows.Select((row, i) => LogLoss(scores.AsSpan(i * width, width), model.Link, (int)set.Labels[row])).Average(),
            TaskKind.Regression => Math.Sqrt(rows.Select((row, i) => Square(scores[i] - set.Labels[row])).Average()),
        };
    }

    private static double Square(double x) => x * x;

    private static double LogLoss(Span<double> scores, Link link, int label)
    {
        if (link == Link.Softmax)
            Elementary.Softmax(scores);
        return -Elementary.Log(Math.Clamp(scores[label], 1e-7, 1));
    }

    private static double Auc(double[] scores, int[] rows, double[] labels)
    {
        var order = Enumerable.Range(0, rows.Length).ToArray();
        Array.Sort((double[])scores.Clone(), order);
        double positives = 0, ranks = 0;
        for (var i = 0; i < order.Length;)
        {
            var end = i;
            var hits = 0;
            for (; end < order.Length && scores[order[end]] == scores[order[i]]; end++)
                hits += labels[rows[order[end]]] > 0.5 ? 1 : 0;
            ranks += hits * (i + 1 + end) / 2.0;
            positives += hits;
            i = end;
        }
        return (ranks - positives * (positives + 1) / 2) / (positives * (rows.Length - positives));
    }
}
