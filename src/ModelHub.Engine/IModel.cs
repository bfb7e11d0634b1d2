using ModelHub.Engine.Data;

namespace ModelHub.Engine;

/// <summary>How raw scores become predictions.</summary>
public enum Link
{
    /// <summary>The raw score is the value.</summary>
    Identity,

    /// <summary>Positive probability is 1 / (1 + exp(-score)).</summary>
    Logistic,

    /// <summary>Probabilities are the softmax of one score per class.</summary>
    Softmax,

    /// <summary>The value is exp(score): Poisson, Gamma, Tweedie.</summary>
    Exponential,

    /// <summary>Scores already are probabilities: the positive class's (one score) or one per class.</summary>
    Probability,
}

/// <summary>A fitted model: immutable and thread-safe. Raw scores are additive over trees and coefficients.</summary>
public interface IModel
{
    int FeatureCount { get; }

    /// <summary>Raw scores per row: one per class for multiclass, else one.</summary>
    int OutputCount { get; }

    Link Link { get; }

    /// <summary>Raw scores of one row. <paramref name="row"/> has <see cref="FeatureCount"/> values, <paramref name="scores"/> <see cref="OutputCount"/>.</summary>
    void Score(ReadOnlySpan<float> row, Span<double> scores);

    /// <summary>Raw scores of the named rows of a matrix, row-major: rows.Length × OutputCount.</summary>
    void Score(FeatureMatrix features, ReadOnlySpan<int> rows, Span<double> scores)
    {
        var row = new float[FeatureCount];
        for (var i = 0; i < rows.Length; i++)
        {
            features.CopyRow(rows[i], row);
            Score(row, scores.Slice(i * OutputCount, OutputCount));
        }
    }

    /// <summary>Raw scores of rows that lie one after the other, <see cref="FeatureCount"/> values each: rows × OutputCount.</summary>
    void ScoreRows(ReadOnlySpan<float> rows, Span<double> scores)
    {
        for (int at = 0, to = 0; at + FeatureCount <= rows.Length && FeatureCount > 0; at += FeatureCount, to += OutputCount)
            Score(rows.Slice(at, FeatureCount), scores.Slice(to, OutputCount));
    }
}
