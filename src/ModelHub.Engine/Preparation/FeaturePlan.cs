using System.Globalization;
using System.Text.Json.Serialization;
using ModelHub.Engine.Data;

namespace ModelHub.Engine.Preparation;

/// <summary>How an input column becomes features.</summary>
public enum Encoding
{
    Number,
    Category,
    DateParts,

    /// <summary>Words and pairs of words, hashed: see <see cref="TextGrams"/>.</summary>
    Text,
}

/// <summary>An input column that the model reads, with what training saw in it.</summary>
/// <param name="Levels">Of a category, by code; null otherwise.</param>
/// <param name="Buckets">Of a text, how many its words are hashed into; null otherwise.</param>
/// <param name="Min">Smallest and largest number seen, mean, and the share of missing cells; NaN is null in JSON.</param>
public sealed record InputColumn(
    string Name, ColumnKind Kind, Encoding Encoding, IReadOnlyList<string>? Levels, double? Min, double? Max, double? Mean, double MissingRate,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Buckets = null);

/// <summary>A column that training had no use for.</summary>
public sealed record DroppedColumn(string Name, string Reason);

/// <summary>From columns to features; learned from training data, applied to every table and row after it.</summary>
public sealed class FeaturePlan
{
    /// <summary>Categories beyond these, by frequency, count as unseen.</summary>
    public const int MostLevels = 4000;

    /// <summary>What a text is hashed into at most.</summary>
    public const int MostBuckets = 512;

    private const long MostTextCells = 50_000_000;
    private static readonly string[] DateFeatures = ["days", "month", "weekday", "hour"];

    public FeaturePlan(IReadOnlyList<InputColumn> inputs)
    {
        Inputs = inputs;
        Offsets = new int[inputs.Count];
        var features = new List<Feature>();
        for (var i = 0; i < inputs.Count; i++)
        {
            Offsets[i] = features.Count;
            if (inputs[i].Encoding == Encoding.DateParts)
                features.AddRange(DateFeatures.Select(part => new Feature($"{inputs[i].Name}.{part}", inputs[i].Name, 0)));
            else if (inputs[i].Encoding == Encoding.Text)
                features.AddRange(Enumerable.Range(0, inputs[i].Buckets!.Value).Select(b => new Feature($"{inputs[i].Name}.{b}", inputs[i].Name, 0)));
            else
                features.Add(new Feature(inputs[i].Name, inputs[i].Name, inputs[i].Encoding == Encoding.Category ? Math.Max(1, inputs[i].Levels!.Count) : 0));
        }
        Features = features;
    }

    public IReadOnlyList<InputColumn> Inputs { get; }

    public IReadOnlyList<Feature> Features { get; }

    /// <summary>Per input its first feature.</summary>
    public int[] Offsets { get; }

    public static (FeaturePlan Plan, List<DroppedColumn> Dropped) Learn(Table table, string target, IReadOnlySet<string> categorical, IReadOnlySet<string> ignored)
    {
        var inputs = new List<InputColumn>();
        var dropped = new List<DroppedColumn>();
        foreach (var column in table.Columns)
        {
            if (column.Name == target)
                continue;
            if (ignored.Contains(column.Name))
                dropped.Add(new DroppedColumn(column.Name, "ignored, as asked for"));
            else if (Useless(column, categorical.Contains(column.Name)) is { } reason)
                dropped.Add(new DroppedColumn(column.Name, reason));
            else
                inputs.Add(Describe(column, categorical.Contains(column.Name)));
        }
        if (inputs.Count == 0)
            throw new EngineException("There is no column to learn from besides the target: " + string.Join("; ", dropped.Select(d => $"{d.Name} ({d.Reason})")));
        return (new FeaturePlan(inputs), dropped);
    }

    /// <summary>Features of a table; columns that it lacks are missing throughout.</summary>
    public FeatureMatrix Apply(Table table)
    {
        var dense = new float[]?[Features.Count];
        var sparse = new SparseValues?[Features.Count];
        for (var i = 0; i < Inputs.Count; i++)
        {
            var column = table.Find(Inputs[i].Name);
            if (column is SparseColumn thin && Inputs[i].Encoding == Encoding.Number)
                sparse[Offsets[i]] = new SparseValues(thin.Rows, [.. thin.Values.Select(Narrow)]);
            else
                Encode(Inputs[i], column, table.RowCount, dense.AsSpan(Offsets[i]));
        }
        return new FeatureMatrix(Features, dense, sparse, table.RowCount);
    }

    /// <summary>Writes the parts of a moment, in seconds since 1970, into four features.</summary>
    internal static void WriteDate(double seconds, Span<float> parts)
    {
        if (double.IsNaN(seconds) || Math.Abs(seconds) > 6e10)
        {
            parts[..4].Fill(float.NaN);
            return;
        }
        var moment = DateTime.UnixEpoch.AddSeconds(seconds);
        parts[0] = (float)(seconds / 86400);
        parts[1] = moment.Month;
        parts[2] = (int)moment.DayOfWeek;
        parts[3] = moment.Hour;
    }

    /// <summary>A number as a feature: one beyond single precision is the largest there is, so that no score becomes infinite by it.</summary>
    public static float Narrow(double value) => float.IsInfinity((float)value) ? MathF.CopySign(float.MaxValue, (float)value) : (float)value;

    /// <summary>A number as the label or category it stands for: 2 and not 2.0.</summary>
    public static string NumberText(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static void Encode(InputColumn input, Column? column, int rows, Span<float[]?> features)
    {
        switch (input.Encoding)
        {
            case Encoding.Number:
                var numbers = new float[rows];
                for (var r = 0; r < rows; r++)
                    numbers[r] = Narrow(Cell.Number(column, r));
                features[0] = numbers;
                break;
            case Encoding.Category:
                features[0] = Codes(input, column, rows);
                break;
            case Encoding.Text:
                var grams = new float[input.Buckets!.Value];
                for (var b = 0; b < grams.Length; b++)
                    features[b] = new float[rows];
                for (var r = 0; r < rows; r++)
                {
                    if (Cell.Text(column, r) is { } text)
                        TextGrams.Write(text, grams);
                    else
                        Array.Fill(grams, float.NaN);
                    for (var b = 0; b < grams.Length; b++)
                        features[b]![r] = grams[b];
                }
                break;
            case Encoding.DateParts:
                Span<float> parts = stackalloc float[4];
                for (var p = 0; p < 4; p++)
                    features[p] = new float[rows];
                for (var r = 0; r < rows; r++)
                {
                    WriteDate(Cell.Number(column, r), parts);
                    for (var p = 0; p < 4; p++)
                        features[p]![r] = parts[p];
                }
                break;
        }
    }

    private static float[] Codes(InputColumn input, Column? column, int rows)
    {
        var codes = new float[rows];
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var k = 0; k < input.Levels!.Count; k++)
            known[input.Levels[k]] = k;
        if (column is CategoryColumn category)
        {
            var map = category.Levels.Select(level => known.TryGetValue(level, out var code) ? code : float.NaN).ToArray();
            for (var r = 0; r < rows; r++)
                codes[r] = category.Codes[r] < 0 ? float.NaN : map[category.Codes[r]];
            return codes;
        }
        for (var r = 0; r < rows; r++)
            codes[r] = Cell.Text(column, r) is { } text && known.TryGetValue(text, out var code) ? code : float.NaN;
        return codes;
    }

    private static InputColumn Describe(Column column, bool asCategory)
    {
        var rows = column.Length;
        var kind = asCategory ? ColumnKind.Category : column.Kind;
        if (kind is ColumnKind.Category or ColumnKind.Text or ColumnKind.Id)
        {
            var counts = new Dictionary<string, int>(StringComparer.Ordinal);
            var present = 0;
            for (var r = 0; r < rows; r++)
            {
                if (Cell.Text(column, r) is not { } text)
                    continue;
                present++;
                counts[text] = counts.GetValueOrDefault(text) + 1;
            }
            if (!asCategory && column.Kind == ColumnKind.Text && counts.Count > Math.Max(20, present / 2) && TextGrams.AreWords(counts.Keys))
            {
                var buckets = (int)Math.Clamp(Math.Min(rows / 8, MostTextCells / Math.Max(1, rows)), 32, MostBuckets);
                return new InputColumn(column.Name, ColumnKind.Text, Encoding.Text, null, null, null, null, 1 - present / (double)rows, buckets);
            }
            string[] levels = [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(MostLevels).Select(c => c.Key)];
            return new InputColumn(column.Name, ColumnKind.Category, Encoding.Category, levels, null, null, null, 1 - present / (double)rows);
        }
        double min = double.PositiveInfinity, max = double.NegativeInfinity, sum = 0;
        var count = 0;
        for (var r = 0; r < rows; r++)
        {
            var value = Cell.Number(column, r);
            if (double.IsNaN(value))
                continue;
            if (double.IsInfinity(value))
                throw new EngineException($"Column '{column.Name}' holds an infinite number in row {r + 1}.");
            (min, max, sum, count) = (Math.Min(min, value), Math.Max(max, value), sum + value, count + 1);
        }
        var encoding = kind == ColumnKind.Date ? Encoding.DateParts : Encoding.Number;
        return new InputColumn(column.Name, kind, encoding, null, min, max, sum / count, 1 - count / (double)rows);
    }

    private static string? Useless(Column column, bool asCategory)
    {
        string? only = null;
        var (present, varies) = (0, false);
        for (var r = 0; r < column.Length && !varies; r++)
        {
            if (Cell.Text(column, r) is not { } text)
                continue;
            varies = text != (only ??= text);
            present++;
        }
        if (present == 0)
            return "empty: every cell is missing";
        // A value that is sometimes there and sometimes not may still tell something; only without gaps it does not.
        if (!varies && present == column.Length)
            return "constant";
        return !asCategory && column.Kind == ColumnKind.Id ? "an identifier: it names rows and says nothing about new ones" : null;
    }
}
