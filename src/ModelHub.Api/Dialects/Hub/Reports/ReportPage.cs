using System.Globalization;
using System.Text;
using ModelHub.Application.Explanations;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.Hub.Reports;

/// <summary>All about a model on one page that needs neither network nor scripts.</summary>
internal static class ReportPage
{
    private const string Style = """
        body{font:15px/1.45 system-ui,sans-serif;color:#1c2733;max-width:1040px;margin:2rem auto;padding:0 1rem}
        h1{margin:0}h2{margin:2rem 0 .5rem;font-size:1.1rem;border-bottom:1px solid #d5dce4}p.sub{color:#5b6b7b;margin:.2rem 0 1rem}
        .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:1rem}figure{margin:0;break-inside:avoid}
        figcaption{font-weight:600;font-size:.9rem}svg{width:100%;font-size:11px;fill:#1c2733}svg rect,svg circle{fill:#2a6fbb}svg circle{opacity:.55}
        svg rect.frame{fill:none;stroke:#b8c4d0}svg polyline{fill:none;stroke:#2a6fbb;stroke-width:2}svg .dotted{stroke:#8a97a5;stroke-dasharray:3 3}
        table{border-collapse:collapse;font-size:.9rem}td,th{padding:.2rem .7rem;border-bottom:1px solid #e4e9ee;text-align:left}td.n{text-align:right}
        tr.own{font-weight:600;background:#eef4fb}.cards{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}.cards div{border:1px solid #d5dce4;border-radius:6px;padding:.4rem .9rem}
        .cards b{display:block;font-size:1.25rem}.cards span{color:#5b6b7b;font-size:.85rem}svg line.grid{stroke:#eceff3}td small{color:#5b6b7b}
        @page{margin:14mm}@media print{body{margin:0;max-width:none;font-size:12px}*{print-color-adjust:exact}h2{break-after:avoid}tr,.cards{break-inside:avoid}}
        """;

    public static string Of(ModelView view, ModelExplanation found, IReadOnlyList<Model> leaderboard)
    {
        var model = view.Model;
        var page = new StringBuilder()
            .Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>")
            .Append(Chart.Text(model.Name)).Append("</title><style>").Append(Style).Append("</style></head><body><h1>").Append(Chart.Text(model.Name))
            .Append(CultureInfo.InvariantCulture, $"</h1><p class=\"sub\">{Chart.Text(model.Algorithm)}, {Chart.Text(model.Task)} · experiment ")
            .Append(CultureInfo.InvariantCulture, $"{Chart.Text(view.ExperimentName)} · project {Chart.Text(view.ProjectName)} · ")
            .Append(CultureInfo.InvariantCulture, $"{model.CreatedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC · model {model.Id}</p>");
        Cards(page, model, leaderboard);
        Leaderboard(page, model, leaderboard);
        Evaluation(page, found.Report);
        Behaviour(page, found.Explanation, found.Report);
        Settings(page, model, found.Explanation);
        return page.Append("</body></html>").ToString();
    }

    private static void Cards(StringBuilder page, Model model, IReadOnlyList<Model> leaderboard)
    {
        var trained = leaderboard.Where(e => e.FailureReason is null).ToList();
        page.Append(CultureInfo.InvariantCulture, $"<div class=\"cards\"><div><b>{trained.FindIndex(e => e.Id == model.Id) + 1} of {trained.Count}</b><span>on the leaderboard</span></div>");
        // Of one label a row, micro averages are the accuracy again.
        foreach (var (name, value) in model.Metrics.Where(m => !m.Key.StartsWith("micro_", StringComparison.Ordinal)).OrderBy(m => m.Key, StringComparer.Ordinal))
            page.Append(CultureInfo.InvariantCulture, $"<div><b>{value:0.####}</b><span>{Chart.Text(name)}</span></div>");
        page.Append("</div>");
    }

    private static void Leaderboard(StringBuilder page, Model model, IReadOnlyList<Model> leaderboard)
    {
        string[] metrics = [.. model.Metrics.Keys.Order(StringComparer.Ordinal).Take(5)];
        page.Append("<h2>Leaderboard</h2><table><tr><th>#</th><th>Model</th>").AppendJoin("", metrics.Select(m => $"<th>{Chart.Text(m)}</th>"))
            .Append("<th>trained in</th><th>a row takes</th></tr>");
        foreach (var (at, entry) in leaderboard.Where(e => e.FailureReason is null).Index())
        {
            if (at >= 20 && entry.Id != model.Id)
                continue;
            page.Append(entry.Id == model.Id ? "<tr class=\"own\">" : "<tr>").Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{at + 1}</td><td>{Chart.Text(entry.Name)}</td>");
            foreach (var metric in metrics)
                page.Append("<td class=\"n\">").Append(entry.Metrics.TryGetValue(metric, out var value) ? value.ToString("0.####", CultureInfo.InvariantCulture) : "").Append("</td>");
            page.Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{entry.TrainSeconds:0.##} s</td><td class=\"n\">{entry.MicrosPerRow:0.##} µs</td></tr>");
        }
        page.Append("</table>");
    }

    private static void Evaluation(StringBuilder page, ModelReport report)
    {
        page.Append("<h2>Evaluation</h2><p class=\"sub\">On rows that the model had not learned from.</p><div class=\"grid\">");
        if (report.RocCurve is { } roc)
            Figure(page, "ROC curve", Chart.Of("ROC curve", "false positive rate", "true positive rate", Zip(roc.Fpr, roc.Tpr), unit: true, diagonal: true));
        if (report.PrCurve is { } pr)
            Figure(page, "Precision and recall", Chart.Of("Precision and recall", "recall", "precision", Zip(pr.Recall, pr.Precision), unit: true));
        foreach (var own in report.Calibration ?? [])
        {
            var points = own.Bins.Where(b => b.Count > 0).Select(b => (b.MeanPredicted, b.ObservedRate)).ToList();
            Figure(page, $"Calibration of {own.Class}", Chart.Of("Calibration", "predicted", "observed", points, unit: true, diagonal: true));
        }
        if (report.Residuals is { } residuals)
        {
            var points = residuals.Points.Select(p => (p.Predicted, p.Actual)).ToList();
            Figure(page, "Predicted and actual", Chart.Of("Predicted and actual", "predicted", "actual", points, diagonal: true, dots: true));
            var histogram = residuals.Histogram.Select(b => ((b.Low + b.High) / 2, (double)b.Count)).ToList();
            Figure(page, "Residuals", Chart.Of("Residuals", "actual less predicted", "rows", histogram));
        }
        page.Append("</div>");
        if (report.ConfusionMatrix is not { } confusion)
            return;
        page.Append("<h2>Confusion</h2><table><tr><th>actual \\ predicted</th>").AppendJoin("", confusion.Labels.Select(l => $"<th>{Chart.Text(l)}</th>")).Append("</tr>");
        foreach (var (label, counts) in confusion.Labels.Zip(confusion.Matrix))
            page.Append("<tr><th>").Append(Chart.Text(label)).Append("</th>").AppendJoin("", counts.Select(c => Cell(c, counts.Sum()))).Append("</tr>");
        page.Append("</table>");
    }

    /// <summary>A count, with its share of the row's label, which is also how dark the cell is.</summary>
    private static string Cell(int count, int all) => string.Create(
        CultureInfo.InvariantCulture, $"<td class=\"n\" style=\"background:rgba(42,111,187,{0.6 * count / Math.Max(1, all):0.##})\">{count} <small>{100.0 * count / Math.Max(1, all):0} %</small></td>");

    private static void Behaviour(StringBuilder page, Explanation explanation, ModelReport report)
    {
        page.Append("<h2>What it looks at</h2><div class=\"grid\">");
        Figure(page, "Importance in the model, share", Chart.Bars("Importance", [.. report.VariableImportance.Take(12).Select(v => (v.Variable, v.Percentage))]));
        var shuffled = explanation.Permutation.OrderByDescending(p => p.Importance).Take(12).Select(p => (p.Variable, p.Importance)).ToList();
        Figure(page, $"Loss of {explanation.Metric} when shuffled", Chart.Bars("Permutation importance", shuffled));
        foreach (var group in (explanation.Shap ?? []).GroupBy(s => s.Class).Take(6))
        {
            var columns = group.OrderByDescending(s => s.MeanAbsolute).Take(12)
                .Select(s => (s.Feature, Places(s.Points))).ToList();
            Figure(page, $"Contributions{(group.Key is null ? "" : " to " + group.Key)} (SHAP, {explanation.ShapSpace}), blue to red by the value", Chart.Swarm("Contributions", columns));
        }
        page.Append("</div><h2>Mean prediction as one feature changes</h2><div class=\"grid\">");
        foreach (var curve in explanation.Dependence)
        {
            var numbers = curve.Values.Select(v => double.TryParse(v, CultureInfo.InvariantCulture, out var x) ? x : double.NaN).ToList();
            Figure(page, curve.Feature, numbers.All(double.IsFinite)
                ? Chart.Of(curve.Feature, curve.Feature, "mean prediction", [.. numbers.Zip(curve.Means, (x, m) => (x, m[^1]))])
                : Chart.Bars(curve.Feature, [.. curve.Values.Zip(curve.Means, (v, m) => (v, m[^1])).Take(12)]));
        }
        page.Append("</div>");
    }

    private static IReadOnlyList<(double Moved, double? Place)> Places(IReadOnlyList<ShapPoint> points)
    {
        var values = points.Select(p => double.TryParse(p.Value, CultureInfo.InvariantCulture, out var value) ? value : double.NaN).ToList();
        double[] sorted = [.. values.Where(double.IsFinite).Distinct().Order()];
        double? Place(double value) => sorted.Length > 1 && double.IsFinite(value) ? Array.BinarySearch(sorted, value) / (sorted.Length - 1.0) : null;
        return [.. points.Zip(values, (p, value) => (p.Contribution, Place(value)))];
    }

    private static void Settings(StringBuilder page, Model model, Explanation explanation)
    {
        page.Append("<h2>Settings</h2><table><tr><th></th><th>default</th><th>used</th></tr>");
        foreach (var parameter in ModelMapping.Parse(model.Parameters)!.Value.EnumerateObject())
        {
            string Part(string name) => parameter.Value.ValueKind == System.Text.Json.JsonValueKind.Object && parameter.Value.TryGetProperty(name, out var part)
                ? Chart.Text(part.ToString()) : "";
            page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Chart.Text(parameter.Name)}</th><td>{Part("default")}</td><td>{Part("actual")}</td></tr>");
        }
        page.Append(CultureInfo.InvariantCulture, $"</table><p class=\"sub\">Artifact {model.ArtifactSha256} ({model.SizeBytes} bytes). ")
            .Append(CultureInfo.InvariantCulture, $"Importance, contributions and dependence were computed from {explanation.Rows} rows of the training data.</p>");
    }

    private static void Figure(StringBuilder page, string title, string chart)
    {
        if (chart.Length > 0)
            page.Append("<figure><figcaption>").Append(Chart.Text(title)).Append("</figcaption>").Append(chart).Append("</figure>");
    }

    private static List<(double X, double Y)> Zip(double[] across, double[] up) => [.. across.Zip(up)];
}
