using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Conversions;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Environments;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>What clients ask of the server itself, and how their work is getting on.</summary>
[StreamedBody]
[Route("api/v2")]
public sealed class ServiceController(CustomModelWork work, ServerOffers offers) : VendorController
{
    private const int Minor = 29;

    /// <summary>Whether the key is good.</summary>
    [HttpGet("ping")]
    public IActionResult Ping() => Answer(new { response = "pong" });

    /// <summary>The version of this API.</summary>
    [HttpGet("version")]
    public IActionResult Version() => Answer(new { major = 2, minor = Minor, versionString = $"2.{Minor}.0" });

    /// <summary>What running models may ask for.</summary>
    [HttpGet("customModelLimits")]
    public IActionResult Limits() => Answer(new
    {
        desiredCustomModelContainerSize = offers.Settings.DefaultMemory,
        maxCustomModelContainerSize = offers.Settings.MaximumMemory,
        maxCustomModelReplicasPerDeployment = offers.Settings.MaximumReplicas,
        maxCustomModelTestingParallelUsers = offers.Settings.MaximumTestUsers,
    });

    /// <summary>Work under way (200); done, the place of what came of it (303).</summary>
    [HttpGet("status/{statusId}")]
    public async Task<IActionResult> Status(string statusId, CancellationToken cancellation)
    {
        var known = await work.FindAsync(HttpContext.Caller(), Id(statusId, "status"), cancellation);
        var job = known.Job;
        var body = new
        {
            statusId = HubId.ToHex(job.Id), status = StateOf(job.Status), statusType = job.Kind, created = VendorJson.Time(job.CreatedAt),
            description = "", message = job.ErrorMessage ?? job.Message ?? "", code = job.Status == JobStatus.Failed ? 1 : 0,
        };
        return job.Status == JobStatus.Succeeded && PlaceOf(known) is { } place ? At(place, body, 303) : Answer(body);
    }

    private static string? PlaceOf(KnownWork work)
    {
        var (job, parent) = (work.Job, work.Parent);
        var subject = job.SubjectId is { } id ? HubId.ToHex(id) : null;
        return job.Kind switch
        {
            CustomModelJobs.FeatureImpact when job.ProjectId is { } project => $"/api/v2/projects/{HubId.ToHex(project)}/models/{subject}/featureImpact/",
            CustomModelJobs.ShapImpact when job.ProjectId is { } project => $"/api/v2/projects/{HubId.ToHex(project)}/models/{subject}/shapImpact/",
            CustomModelJobs.TrainingData => $"/api/v2/customModels/{subject}/",
            TestHandler.JobKind => $"/api/v2/customModelTests/{subject}/",
            CustomModelJobs.DeploymentFromPackage => $"/api/v2/deployments/{subject}/",
            CustomModelJobs.DatasetUpload => $"/api/v2/datasets/{subject}/",
            FeatureImpactHandler.JobKind when parent is { } model => $"/api/v2/customModels/{HubId.ToHex(model)}/versions/{subject}/featureImpact/",
            ProgramHandler.JobKind when parent is { } model && work.Version is { } version =>
                $"/api/v2/customModels/{HubId.ToHex(model)}/versions/{HubId.ToHex(version)}/conversions/{subject}/",
            BuildHandler.JobKind when parent is { } environment => $"/api/v2/executionEnvironments/{HubId.ToHex(environment)}/versions/{subject}/",
            CustomModelJobs.VersionTrainingData or CustomModelJobs.VersionFromRepository or ExplanationsHandler.JobKind when parent is { } model =>
                $"/api/v2/customModels/{HubId.ToHex(model)}/versions/{subject}/",
            _ => null,
        };
    }

    private static string StateOf(JobStatus status) => status switch
    {
        JobStatus.Queued => "INITIALIZED",
        JobStatus.Running => "RUNNING",
        JobStatus.Succeeded => "COMPLETED",
        JobStatus.Failed => "ERROR",
        JobStatus.Cancelled => "ABORTED",
    };
}
