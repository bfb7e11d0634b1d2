using System.Globalization;
using System.Net;
using System.Text;

namespace ModelHub.Api.Dialects.Hub.Reports;

/// <summary>Small charts as inline SVG, 320 × 240: readable in print, without scripts.</summary>
internal static class Chart
{
    private const double Left = 56, Top = 12, Width = 246, Height = 186;

    /// <summary>A line (or points) over two axes; the diagonal dotted where it is what chance, or perfection, would give.</summary>
    public static string Of(
        string title, string across, string up, IReadOnlyList<(double X, double Y)> points, bool unit = false, bool diagonal = false, bool dots = false)
    {
        points = [.. points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))];
        if (points.Count == 0)
            return "";
        var (x0, x1) = unit ? (0, 1) : Range(points.Select(p => p.X));
        var (y0, y1) = unit ? (0, 1) : Range(points.Select(p => p.Y));
        double X(double x) => Left + (x - x0) / (x1 - x0) * Width;
        double Y(double y) => Top + Height - (y - y0) / (y1 - y0) * Height;
        var svg = Open(title, across, up);
        for (var quarter = 0; quarter <= 4; quarter++)
        {
            var (x, y) = (x0 + (x1 - x0) * quarter / 4, y0 + (y1 - y0) * quarter / 4);
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" y1=\"{Y(y):0.#}\" x2=\"{Left + Width}\" y2=\"{Y(y):0.#}\"/>");
            if (quarter % 2 == 0)
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(x):0.#}\" y=\"{Top + Height + 13}\" text-anchor=\"middle\">{Number(x, x1 - x0)}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 4}\" y=\"{Y(y) + 4:0.#}\" text-anchor=\"end\">{Number(y, y1 - y0)}</text>");
        }
        if (diagonal)
        {
            var (low, high) = (Math.Max(x0, y0), Math.Min(x1, y1));
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"dotted\" x1=\"{X(low):0.#}\" y1=\"{Y(low):0.#}\" x2=\"{X(high):0.#}\" y2=\"{Y(high):0.#}\"/>");
        }
        if (dots)
            svg.AppendJoin("", points.Select(p => string.Create(CultureInfo.InvariantCulture, $"<circle cx=\"{X(p.X):0.#}\" cy=\"{Y(p.Y):0.#}\" r=\"2\"/>")));
        else
            svg.Append("<polyline points=\"").AppendJoin(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.X):0.#},{Y(p.Y):0.#}"))).Append("\"/>");
        return svg.Append("</svg>").ToString();
    }

    /// <summary>A bar per name.</summary>
    public static string Bars(string title, IReadOnlyList<(string Name, double Value)> bars)
    {
        if (bars.Count == 0)
            return "";
        var most = Math.Max(bars.Max(b => Math.Abs(b.Value)), double.Epsilon);
        var svg = new StringBuilder().Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 320 {bars.Count * 20 + 4}\" role=\"img\" aria-label=\"{Text(title)}\">");
        for (var i = 0; i < bars.Count; i++)
        {
            var length = Math.Max(0, bars[i].Value) / most * 140;
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"112\" y=\"{i * 20 + 15}\" text-anchor=\"end\">{Text(Short(bars[i].Name))}</text>")
                .Append(CultureInfo.InvariantCulture, $"<rect x=\"118\" y=\"{i * 20 + 4}\" width=\"{length:0.#}\" height=\"14\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{122 + length:0.#}\" y=\"{i * 20 + 15}\">{bars[i].Value:0.####}</text>");
        }
        return svg.Append("</svg>").ToString();
    }

    /// <summary>
    /// A dot per row on a column's line: how far it moved the score. Dots that would cover each other stand above and below; the colour is the
    /// place of the row's value among the column's, from low (blue) to high (red), grey where values have no order.
    /// </summary>
    public static string Swarm(string title, IReadOnlyList<(string Name, IReadOnlyList<(double Moved, double? Place)> Rows)> columns)
    {
        var most = columns.SelectMany(c => c.Rows).Select(r => Math.Abs(r.Moved)).Where(double.IsFinite).DefaultIfEmpty().Max();
        if (most == 0)
            return "";
        var svg = new StringBuilder().Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 320 {columns.Count * 24 + 18}\" role=\"img\" aria-label=\"{Text(title)}\">")
            .Append(CultureInfo.InvariantCulture, $"<line class=\"dotted\" x1=\"216\" y1=\"0\" x2=\"216\" y2=\"{columns.Count * 24}\"/>");
        for (var c = 0; c < columns.Count; c++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"112\" y=\"{c * 24 + 16}\" text-anchor=\"end\">{Text(Short(columns[c].Name))}</text>");
            var stacked = new Dictionary<int, int>();
            foreach (var (moved, place) in columns[c].Rows.Where(r => double.IsFinite(r.Moved)))
            {
                var x = (int)Math.Round(moved / most * 96);
                var height = stacked[x] = stacked.GetValueOrDefault(x) + 1;
                var y = c * 24 + 12 + Math.Min(height / 2, 10) * (height % 2 == 0 ? 1 : -1);
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{216 + x}\" cy=\"{y}\" r=\"1.7\" style=\"fill:{Colour(place)}\"/>");
            }
        }
        foreach (var (x, anchor, value) in new[] { (118, "start", -most), (216, "middle", 0), (316, "end", most) })
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{columns.Count * 24 + 12}\" text-anchor=\"{anchor}\">{Number(value, most)}</text>");
        return svg.Append("</svg>").ToString();
    }

    public static string Text(string? text) => WebUtility.HtmlEncode(text ?? "");

    private static StringBuilder Open(string title, string across, string up) => new StringBuilder()
        .Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 320 240\" role=\"img\" aria-label=\"{Text(title)}\">")
        .Append(CultureInfo.InvariantCulture, $"<rect class=\"frame\" x=\"{Left}\" y=\"{Top}\" width=\"{Width}\" height=\"{Height}\"/>")
        .Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + Width / 2}\" y=\"232\" text-anchor=\"middle\">{Text(across)}</text>")
        .Append(CultureInfo.InvariantCulture, $"<text transform=\"translate(10 {Top + Height / 2}) rotate(-90)\" text-anchor=\"middle\">{Text(up)}</text>");

    private static string Colour(double? place) => place is { } share
        ? string.Create(CultureInfo.InvariantCulture, $"rgb({42 + 170 * share:0},{111 - 55 * share:0},{187 - 130 * share:0})") : "#7d8894";

    /// <summary>As short as tells it from its neighbours on an axis.</summary>
    private static string Number(double value, double range) => Math.Abs(value) < range / 1000 ? "0" : Math.Abs(value) is >= 100_000 or (> 0 and < 0.001)
        ? value.ToString("0.#e0", CultureInfo.InvariantCulture) : value.ToString(Math.Abs(value) < 100 ? "0.###" : "0.#", CultureInfo.InvariantCulture);

    private static string Short(string name) => name.Length <= 18 ? name : name[..17] + "…";

    private static (double Low, double High) Range(IEnumerable<double> values)
    {
        var (low, high) = (values.Min(), values.Max());
        return high > low ? (low, high) : (low - 0.5, low + 0.5);
    }
}
