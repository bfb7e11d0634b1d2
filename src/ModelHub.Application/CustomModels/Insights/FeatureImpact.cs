namespace ModelHub.Application.CustomModels.Insights;

/// <summary>What one column does for a model's predictions.</summary>
/// <param name="Unnormalized">How much worse (or, without labels, how different) predictions get when the column is shuffled.</param>
/// <param name="Normalized">The same as a share of the greatest; at most 1.</param>
/// <param name="RedundantWith">A column that matters more and says the same; null for none.</param>
public sealed record ColumnImpact(string Feature, double Unnormalized, double Normalized, string? RedundantWith);

/// <summary>Permutation importance (Breiman 2001) of a version's columns, the greatest first.</summary>
/// <param name="RowCount">As it was asked for; null for the default.</param>
/// <param name="Measure">rmse or logloss, where the data has labels; else change: the mean change of predictions.</param>
public sealed record FeatureImpact(int? RowCount, string Measure, bool RanRedundancyDetection, IReadOnlyList<ColumnImpact> Columns);
