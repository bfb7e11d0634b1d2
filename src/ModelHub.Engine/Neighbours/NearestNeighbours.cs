using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Neighbours;

/// <summary>
/// The nearest rows' labels, nearer ones counting more (Dudani 1976). Numbers are scaled robustly; a category is at distance 0 or 1 (Wilson and
/// Martinez 1997). The model is the rows themselves: it holds what it learned from, and scoring reads all of it, so tables are bounded.
/// </summary>
public sealed class NearestNeighbours(NeighbourOptions options) : ILearner
{
    /// <summary>Cells that scoring one row may read: beyond, it would take milliseconds.</summary>
    public const long MostCells = 4_000_000;

    public string Algorithm => "KNN";

    public NeighbourOptions Options { get; } = options;

    public IReadOnlyDictionary<string, HyperParameter> Parameters => Options.Describe();

    /// <exception cref="EngineException">Options or data that cannot be learned from.</exception>
    public IModel Fit(TrainingSet set, FitContext context)
    {
        Options.Validate();
        var rows = set.Rows ?? [.. Enumerable.Range(0, set.Features.RowCount)];
        LabelStatistics.Check(set, rows);
        var count = set.Features.FeatureCount;
        if ((long)rows.Length * count > MostCells)
            throw new EngineException($"There are {rows.Length} rows of {count} features; nearest neighbours take up to {MostCells} cells.");
        var (cardinality, center, scale) = (new int[count], new float[count], new float[count]);
        for (var f = 0; f < count; f++)
        {
            cardinality[f] = set.Features.Features[f].Cardinality;
            (center[f], scale[f]) = cardinality[f] == 0 ? RobustScale.Of(set.Features, f, rows) : (0, 1);
        }
        context.Cancellation.ThrowIfCancellationRequested();
        var cells = new float[(rows.Length + NeighbourModel.Block - 1) / NeighbourModel.Block * NeighbourModel.Block * count];
        var row = new float[count];
        for (var i = 0; i < rows.Length; i++)
        {
            set.Features.CopyRow(rows[i], row);
            for (var f = 0; f < count; f++)
                cells[NeighbourModel.Place(i, f, count)] = NeighbourModel.Encode(row[f], cardinality[f], center[f], scale[f]);
        }
        return new NeighbourModel
        {
            Cardinality = cardinality, Center = center, Scale = scale, Cells = cells, Labels = [.. rows.Select(r => set.Labels[r])],
            Neighbours = Math.Min(Options.Neighbours, rows.Length), OutputCount = set.OutputCount, Prior = Prior(set, rows),
            Link = set.Task switch { TaskKind.Binary => Link.Logistic, TaskKind.Multiclass => Link.Softmax, TaskKind.Regression => Link.Identity },
        };
    }

    /// <summary>The classes' shares; nothing for values.</summary>
    private static double[] Prior(TrainingSet set, int[] rows)
    {
        if (set.Task == TaskKind.Regression)
            return [];
        var shares = new double[set.ClassCount];
        foreach (var row in rows)
            shares[(int)set.Labels[row]] += 1.0 / rows.Length;
        // A class that these rows lack is rare, not impossible.
        return [.. shares.Select(s => Math.Max(s, 0.5 / rows.Length))];
    }
}
