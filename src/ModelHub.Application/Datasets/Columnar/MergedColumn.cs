using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>
/// One column over all parts. Parts that disagree widen it: numbers beside texts are texts; a part without the column gives missing
/// cells, or zeros when it is sparse.
/// </summary>
internal sealed class MergedColumn
{
    private static readonly double[] Shares = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1];

    public MergedColumn(string name, IReadOnlyList<ColumnarPart> parts, PartColumn?[] columns)
    {
        Name = name;
        Parts = columns;
        var sketch = new ColumnSketch(int.MaxValue);
        foreach (var column in columns)
        {
            if (column is null)
                continue;
            sketch.Merge(column.Sketch);
            Sparse |= column.Sparse;
            Content = Content == Content.None || Content == column.Content ? column.Content
                : column.Content == Content.None ? Content : Content.Texts;
        }
        for (var p = 0; p < columns.Length; p++)
        {
            if (columns[p] is not null)
                continue;
            if (Sparse)
                sketch.AddZeros(parts[p].RowCount);
            else
                sketch.AddMissing(parts[p].RowCount);
        }
        var forced = ForcedKind(columns);
        var kind = forced ?? ColumnarFormat.KindOf(Content, sketch);
        Schema = new ColumnSchema(name, kind, forced is not null, Sparse, Statistics(sketch));
    }

    public string Name { get; }

    public Content Content { get; }

    public bool Sparse { get; }

    public PartColumn?[] Parts { get; }

    public ColumnSchema Schema { get; }

    /// <summary>The kind that was given, when all parts that give one agree and the content fits it.</summary>
    private ColumnKind? ForcedKind(PartColumn?[] columns)
    {
        ColumnKind? forced = null;
        foreach (var column in columns)
        {
            if (column?.Forced is not { } kind)
                continue;
            if (forced is { } other && other != kind)
                return null;
            forced = kind;
        }
        var fits = forced switch
        {
            null or ColumnKind.Category or ColumnKind.Text or ColumnKind.Id => true,
            ColumnKind.Numeric or ColumnKind.Integer => Content is Content.None or Content.Numbers,
            ColumnKind.Boolean => Content is Content.None or Content.Booleans,
            _ => Content is Content.None or Content.Dates,
        };
        return fits ? forced : null;
    }

    private ColumnStatistics Statistics(ColumnSketch sketch)
    {
        var distinct = sketch.Distinct.Estimate;
        if (Content == Content.Texts)
        {
            var (levels, all) = Levels();
            return new ColumnStatistics(sketch.Present, sketch.Missing, all ? levels.Count : distinct)
            {
                TopLevels = all
                    ? [.. levels.OrderByDescending(l => l.Value).ThenBy(l => l.Key, StringComparer.Ordinal).Take(20)
                        .Select(l => new LevelCount(l.Key, l.Value))]
                    : null,
            };
        }
        return sketch.Present == 0
            ? new ColumnStatistics(0, sketch.Missing, 0)
            : new ColumnStatistics(
                sketch.Present, sketch.Missing, distinct, sketch.Min, sketch.Max, sketch.Mean, sketch.Present < 2 ? null : sketch.Std,
                sketch.Quantiles(Shares), sketch.Histogram());
    }

    /// <summary>Rows by text; <c>All</c> is false when texts are stored one by one somewhere, or are numbers in a part.</summary>
    private (Dictionary<string, long> Levels, bool All) Levels()
    {
        var levels = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var column in Parts)
        {
            if (column is null || column.Content == Content.None)
                continue;
            if (column.Content != Content.Texts || Array.Exists(column.Chunks, c => c.Encoding == ChunkEncoding.Texts))
                return (levels, false);
            for (var i = 0; i < column.Levels.Count; i++)
                levels[column.Levels.Text(i)] = levels.GetValueOrDefault(column.Levels.Text(i)) + column.Levels.Rows[i];
        }
        return (levels, true);
    }
}
