namespace ModelHub.Engine.Data;

/// <summary>One input of a learner: what preparation made out of a column.</summary>
/// <param name="Name">Name of the feature, unique within a matrix.</param>
/// <param name="Source">Name of the column it comes from; contributions and importances are added up by it.</param>
/// <param name="Cardinality">0 for a number; for a category the count of its codes 0..Cardinality-1.</param>
public sealed record Feature(string Name, string Source, int Cardinality)
{
    public bool IsCategorical => Cardinality > 0;
}

/// <summary>
/// What learners read: single-precision features in columns. A category is its code as a number; NaN is missing (or a category not
/// seen in training). Sparse columns stay sparse: see <see cref="SparseValues"/>.
/// </summary>
public sealed class FeatureMatrix
{
    private readonly float[]?[] _dense;
    private readonly SparseValues?[] _sparse;

    public FeatureMatrix(IReadOnlyList<Feature> features, float[]?[] dense, SparseValues?[] sparse, int rowCount)
    {
        for (var f = 0; f < features.Count; f++)
        {
            if (dense[f] is null == sparse[f] is null)
                throw new ArgumentException($"Feature '{features[f].Name}' is either dense or sparse.", nameof(dense));
            if (dense[f] is { } values && values.Length != rowCount)
                throw new ArgumentException($"Feature '{features[f].Name}' has {values.Length} rows of {rowCount}.", nameof(dense));
        }
        Features = features;
        _dense = dense;
        _sparse = sparse;
        RowCount = rowCount;
    }

    public FeatureMatrix(IReadOnlyList<Feature> features, float[][] columns, int rowCount)
        : this(features, columns, new SparseValues?[features.Count], rowCount)
    {
    }

    public IReadOnlyList<Feature> Features { get; }

    public int RowCount { get; }

    public int FeatureCount => Features.Count;

    /// <summary>The column of a dense feature, null when it is sparse.</summary>
    public float[]? Dense(int feature) => _dense[feature];

    /// <summary>The entries of a sparse feature, null when it is dense.</summary>
    public SparseValues? Sparse(int feature) => _sparse[feature];

    public float this[int row, int feature] => _dense[feature] is { } column ? column[row] : _sparse[feature]!.At(row);

    /// <summary>Copies one row into <paramref name="row"/> of <see cref="FeatureCount"/> values.</summary>
    public void CopyRow(int at, Span<float> row)
    {
        for (var f = 0; f < FeatureCount; f++)
            row[f] = this[at, f];
    }
}

/// <summary>Entries of a sparse feature by ascending row; every row that is not named holds 0.</summary>
public sealed class SparseValues(int[] rows, float[] values)
{
    public int[] Rows { get; } = rows;

    public float[] Values { get; } = values;

    public float At(int row)
    {
        var at = Array.BinarySearch(Rows, row);
        return at < 0 ? 0f : Values[at];
    }
}
