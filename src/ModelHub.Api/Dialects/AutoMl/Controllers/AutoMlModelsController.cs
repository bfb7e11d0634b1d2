using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.AutoMl.Wire;
using ModelHub.Application.Collections;
using ModelHub.Application.Errors;
using ModelHub.Application.Experiments;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;

namespace ModelHub.Api.Dialects.AutoMl.Controllers;

/// <summary>The six documented operations: train, watch, score, list, delete.</summary>
[ApiController]
[AllowAnonymous]
[TypeFilter<KeyBeforeData>]
[Consumes("application/json")]
[Route("api")]
[Route("")]
public sealed class AutoMlModelsController(
    CollectionService collections, JobService jobs, ExperimentService experiments, ModelService models, TimeProvider clock) : ControllerBase
{
    /// <summary>Starts a training; the answer is its job.</summary>
    [HttpPost("train_automl_model")]
    public async Task<JobAnswer> Train(TrainRequest request, CancellationToken cancellation)
    {
        var experiment = await collections.TrainAsync(
            HttpContext.Caller(), AutoMlMapping.At(request), AutoMlMapping.ToCommand(request), cancellation);
        return new JobAnswer { JobId = experiment.JobId.ToString() };
    }

    /// <summary>How far a training is.</summary>
    [HttpPost("get_automl_training_status")]
    public async Task<TrainingStatusAnswer> Status(JobRequest request, CancellationToken cancellation)
    {
        var id = HubId.TryParse(request.JobId, out var known) ? known : throw ModelHubException.NotFound("job");
        var job = await jobs.GetAsync(HttpContext.Caller(), id, cancellation);
        if (job.Kind != TrainHandler.JobKind || job.SubjectId is not { } subject)
            throw ModelHubException.NotFound("job");
        var experiment = (await experiments.GetAsync(HttpContext.Caller(), subject, cancellation)).Experiment;
        var best = experiment.BestModelId is null || job.Status != JobStatus.Succeeded ? null : await models.BestAsync(experiment, cancellation);
        return AutoMlMapping.ToAnswer(job, experiment, best, clock.GetUtcNow());
    }

    /// <summary>Labels and scores of rows: of a data set, or of data in the request.</summary>
    [HttpPost("automl_predict")]
    [RequestSizeLimit(AutoMlDialect.LargestData)]
    [Scoring]
    public async Task<PredictAnswer> Predict(PredictRequest request, CancellationToken cancellation)
    {
        var at = AutoMlMapping.At(request);
        if (request.PredictionDataset is { } dataset)
            return AutoMlMapping.ToAnswer(await collections.PredictCollectionAsync(HttpContext.Caller(), at, request.ModelName!, dataset, cancellation));
        await using var file = AutoMlMapping.Bytes(request.FileData!);
        return AutoMlMapping.ToAnswer(await collections.PredictFileAsync(
            HttpContext.Caller(), at, request.ModelName!, file, AutoMlMapping.ToSource(request), cancellation));
    }

    /// <summary>Deletes a model.</summary>
    [HttpPost("delete_automl_model")]
    public async Task<SuccessAnswer> Delete(ModelNameRequest request, CancellationToken cancellation)
    {
        await collections.DeleteModelAsync(HttpContext.Caller(), AutoMlMapping.At(request), request.ModelName!, cancellation);
        return new SuccessAnswer();
    }

    /// <summary>A model's metrics on rows that it was not trained on.</summary>
    [HttpPost("get_model_validation_metric")]
    public async Task<ValidationMetricAnswer> ValidationMetric(ModelNameRequest request, CancellationToken cancellation)
    {
        var model = await collections.GetModelAsync(HttpContext.Caller(), AutoMlMapping.At(request), request.ModelName!, cancellation);
        var best = model.Best ?? await models.BestAsync(model.Experiment, cancellation);
        return new ValidationMetricAnswer { ValidationMetric = AutoMlMapping.MetricOf(best.Task == "regression", best.Metrics) };
    }

    /// <summary>All models of a dataset, the oldest first.</summary>
    [HttpPost("list_automl_model_infos")]
    public async Task<ModelInfosAnswer> List(CollectionRequest request, CancellationToken cancellation)
    {
        var found = await collections.ListModelsAsync(HttpContext.Caller(), AutoMlMapping.At(request), cancellation);
        return new ModelInfosAnswer { ModelInfos = [.. found.Select(AutoMlMapping.ToInfo)] };
    }
}
