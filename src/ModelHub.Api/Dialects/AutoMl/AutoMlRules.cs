using FluentValidation;
using ModelHub.Api.Dialects.AutoMl.Wire;

namespace ModelHub.Api.Dialects.AutoMl;

internal static class RuleParts
{
    public static void ForProject<T>(this AbstractValidator<T> rules)
        where T : ProjectNameRequest => rules.RuleFor(r => r.ProjectName).NotEmpty().MaximumLength(200);

    public static void ForCollection<T>(this AbstractValidator<T> rules)
        where T : CollectionRequest
    {
        rules.ForProject();
        rules.RuleFor(r => r.CollectionName).NotEmpty().MaximumLength(200);
    }

    public static void ForModel<T>(this AbstractValidator<T> rules)
        where T : ModelNameRequest
    {
        rules.ForCollection();
        rules.RuleFor(r => r.ModelName).NotEmpty().MaximumLength(128).Matches(@"\A[\p{L}\p{Nd}_\-. ]*\z")
            .WithMessage("Letters, digits, spaces and _ - . only.");
    }

    public static void ForFile<T>(this AbstractValidator<T> rules, params string[] formats)
        where T : IFileRequest
    {
        rules.RuleFor(r => r.FileFormat).NotNull().Must(f => f is null || formats.Contains(f)).WithMessage($"One of {string.Join(", ", formats)}.");
        rules.RuleFor(r => r.HasFieldNames).NotNull().When(r => r.FileFormat == "csv").WithMessage("Needed for csv.");
        rules.RuleFor(r => r.CompressionType).Must(c => c is null or "" or "none" or "gzip").WithMessage("gzip or nothing.");
    }
}

internal sealed class CreateProjectRules : AbstractValidator<CreateProjectRequest>
{
    public CreateProjectRules() => this.ForProject();
}

internal sealed class ProjectNameRules : AbstractValidator<ProjectNameRequest>
{
    public ProjectNameRules() => this.ForProject();
}

internal sealed class CollectionRules : AbstractValidator<CollectionRequest>
{
    public CollectionRules() => this.ForCollection();
}

internal sealed class InitRules : AbstractValidator<InitRequest>
{
    public InitRules()
    {
        this.ForCollection();
        RuleFor(r => r.VectorType).NotEmpty();
        RuleFor(r => r.VectorDim).NotNull();
    }
}

internal sealed class AddDataRules : AbstractValidator<AddDataRequest>
{
    public AddDataRules()
    {
        this.ForCollection();
        RuleFor(r => r.Data).NotNull();
    }
}

internal sealed class AddDataBatchRules : AbstractValidator<AddDataBatchRequest>
{
    public AddDataBatchRules()
    {
        this.ForCollection();
        RuleFor(r => r.Data).NotNull();
    }
}

internal sealed class UploadRules : AbstractValidator<UploadRequest>
{
    public UploadRules()
    {
        this.ForCollection();
        RuleFor(r => r.FileData).NotNull();
        this.ForFile("csv", "json", "libsvm", "binary");
        RuleFor(r => r.VectorDim).NotNull().When(r => r.FileFormat == "binary").WithMessage("Needed for binary.");
        RuleFor(r => r.VectorDim).InclusiveBetween(1, 20_000);
    }
}

internal sealed class JobRules : AbstractValidator<JobRequest>
{
    public JobRules() => RuleFor(r => r.JobId).NotEmpty();
}

internal sealed class ModelNameRules : AbstractValidator<ModelNameRequest>
{
    public ModelNameRules() => this.ForModel();
}

internal sealed class TrainRules : AbstractValidator<TrainRequest>
{
    public TrainRules()
    {
        this.ForModel();
        RuleFor(r => r.TrainingMode).Must(m => m is "high_speed" or "balanced" or "high_accuracy" or "auto")
            .WithMessage("high_speed, balanced, high_accuracy or auto.");
        RuleFor(r => r.TaskType).Must(t => t is "classification" or "regression").WithMessage("classification or regression.");
        RuleFor(r => r.LabelAttribute).NotEmpty().MaximumLength(1000);
        RuleFor(r => r.CategoricalFeatures).Must(f => f is null || f.Count <= 20_000 && f.All(n => n is not null)).WithMessage("A list of names.");
    }
}

internal sealed class PredictRules : AbstractValidator<PredictRequest>
{
    public PredictRules()
    {
        this.ForModel();
        RuleFor(r => r.PredictionDataset).Must((r, d) => d is null != r.FileData is null).WithMessage("Give either file_data or prediction_dataset.");
        When(r => r.FileData is not null, () => this.ForFile("csv", "json", "libsvm"));
    }
}
