using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Experiments;

/// <summary>What can be asked of a search for a target among these columns.</summary>
internal static class ExperimentRules
{
    public static readonly string[] Modes = ["high_speed", "balanced", "high_accuracy"];

    /// <exception cref="ModelHubException">A setting is out of its bounds, excludes another, or names a column that is not there.</exception>
    public static void Check(NewExperiment wanted, IReadOnlyList<ColumnView> columns)
    {
        if (wanted.ProblemType is not ("auto" or "classification" or "regression"))
            throw ModelHubException.Invalid("problem_type", "'problem_type' is auto, classification or regression.");
        RequireColumn(columns, wanted.Target, "target_column");
        Check(wanted.Config, columns, wanted.Target!);
    }

    private static void Check(ExperimentConfig config, IReadOnlyList<ColumnView> columns, string target)
    {
        if (!Modes.Contains(config.Mode))
            throw ModelHubException.Invalid("mode", "'mode' is high_speed, balanced or high_accuracy.");
        if (config.MaxModels is < 1 or > 1000)
            throw ModelHubException.Invalid("max_models", "'max_models' is 1 to 1000.");
        if (config.MaxRuntimeSecs is <= 0 or > 86400 || double.IsNaN(config.MaxRuntimeSecs ?? 1))
            throw ModelHubException.Invalid("max_runtime_secs", "'max_runtime_secs' is above 0 and at most 86400.");
        if (config.Folds is < 2 or > 50)
            throw ModelHubException.Invalid("nfolds", "'nfolds' is 2 to 50.");
        if (config.MaxMicrosPerRow is <= 0 || double.IsNaN(config.MaxMicrosPerRow ?? 1))
            throw ModelHubException.Invalid("max_micros_per_row", "'max_micros_per_row' is above 0.");
        (string Field, string? Column)[] ofFolds =
            [("fold_column", config.FoldColumn), ("group_column", config.GroupColumn), ("time_column", config.TimeColumn)];
        if (ofFolds.Count(f => f.Column is not null) > 1)
            throw ModelHubException.Invalid("fold_column", "'fold_column', 'group_column' and 'time_column' exclude each other.");
        if (config.ValidationVersionId is not null && ofFolds.Any(f => f.Column is not null))
            throw ModelHubException.Invalid("fold_column", "With validation rows there are no folds.");
        foreach (var (field, column) in ofFolds.Where(f => f.Column is not null))
        {
            RequireColumn(columns, column, field);
            if (column == target)
                throw ModelHubException.Invalid(field, $"'{field}' is the target.");
        }
        foreach (var name in config.CategoricalColumns)
            RequireColumn(columns, name, "categorical_columns");
        foreach (var name in config.IgnoredColumns)
            RequireColumn(columns, name, "ignored_columns");
    }

    private static void RequireColumn(IReadOnlyList<ColumnView> columns, string? name, string field)
    {
        if (string.IsNullOrEmpty(name))
            throw ModelHubException.Invalid(field, $"'{field}' is needed.");
        if (!columns.Any(c => c.Name == name))
            throw ModelHubException.Invalid(field, $"The dataset has no column '{name}'.");
    }
}
