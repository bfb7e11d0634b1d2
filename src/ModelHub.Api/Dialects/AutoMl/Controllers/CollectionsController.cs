using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.AutoMl.Wire;
using ModelHub.Application;
using ModelHub.Application.Collections;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;

namespace ModelHub.Api.Dialects.AutoMl.Controllers;

/// <summary>Projects and collections by name. The key is in the body, where the dialect asks for it.</summary>
[ApiController]
[AllowAnonymous]
[TypeFilter<KeyBeforeData>]
[Consumes("application/json")]
[Route("api")]
[Route("")]
public sealed class CollectionsController(ProjectService projects, CollectionService collections, JobService jobs) : ControllerBase
{
    /// <summary>Makes a project.</summary>
    [HttpPost("create_project")]
    public async Task<SuccessAnswer> CreateProject(CreateProjectRequest request, CancellationToken cancellation)
    {
        await projects.CreateAsync(HttpContext.Caller(), request.ProjectName, request.Application, cancellation);
        return new SuccessAnswer();
    }

    /// <summary>Deletes a project and all that is in it.</summary>
    [HttpPost("delete_project")]
    public async Task<SuccessAnswer> DeleteProject(ProjectNameRequest request, CancellationToken cancellation)
    {
        var project = await projects.GetByNameAsync(HttpContext.Caller(), request.ProjectName!, cancellation);
        await projects.DeleteAsync(HttpContext.Caller(), project.Id, cancellation);
        return new SuccessAnswer();
    }

    /// <summary>Names of the caller's projects.</summary>
    [HttpPost("list_projects")]
    public async Task<ListProjectsAnswer> ListProjects(ListProjectsRequest request, CancellationToken cancellation)
    {
        var page = await projects.ListAsync(HttpContext.Caller(), null, new Paging(1000, 0), cancellation);
        return new ListProjectsAnswer { Projects = [.. page.Items.Select(p => p.Name)] };
    }

    /// <summary>Makes an empty collection of vectors.</summary>
    [HttpPost("init")]
    public async Task<SuccessAnswer> Init(InitRequest request, CancellationToken cancellation)
    {
        await collections.CreateAsync(HttpContext.Caller(), AutoMlMapping.At(request), request.VectorType!, request.VectorDim!.Value, cancellation);
        return new SuccessAnswer();
    }

    /// <summary>Adds one vector.</summary>
    [HttpPost("add_data")]
    [RequestSizeLimit(AutoMlDialect.LargestData)]
    public async Task<JobAnswer> AddData(AddDataRequest request, CancellationToken cancellation)
    {
        JsonElement? ids = request.StringId is null ? null : JsonSerializer.SerializeToElement(new[] { request.StringId });
        JsonElement? attributes = request.Attributes is null ? null : JsonSerializer.SerializeToElement(new[] { request.Attributes });
        var data = JsonSerializer.SerializeToElement(new[] { request.Data });
        return ToAnswer(await collections.AddVectorsAsync(HttpContext.Caller(), AutoMlMapping.At(request), data, ids, attributes, cancellation));
    }

    /// <summary>Adds many vectors.</summary>
    [HttpPost("add_data_batch")]
    [RequestSizeLimit(AutoMlDialect.LargestData)]
    public async Task<JobAnswer> AddDataBatch(AddDataBatchRequest request, CancellationToken cancellation) => ToAnswer(
        await collections.AddVectorsAsync(
            HttpContext.Caller(), AutoMlMapping.At(request), request.Data!.Value, request.StringIds, request.Attributes, cancellation));

    /// <summary>Adds a file's rows; makes the collection when it is not there.</summary>
    [HttpPost("upload")]
    [RequestSizeLimit(AutoMlDialect.LargestData)]
    public async Task<JobAnswer> Upload(UploadRequest request, CancellationToken cancellation)
    {
        var source = AutoMlMapping.ToSource(request) with { VectorDim = request.VectorDim, Ids = request.StringIds, Attributes = request.Attributes };
        await using var file = AutoMlMapping.Bytes(request.FileData!);
        return ToAnswer(await collections.UploadAsync(HttpContext.Caller(), AutoMlMapping.At(request), file, source, cancellation));
    }

    /// <summary>How far an upload is.</summary>
    [HttpPost("get_upload_data_status")]
    public async Task<UploadStatusAnswer> UploadStatus(JobRequest request, CancellationToken cancellation)
    {
        var id = HubId.TryParse(request.JobId, out var known) ? known : throw ModelHubException.NotFound("job");
        var job = await jobs.GetAsync(HttpContext.Caller(), id, cancellation);
        return new UploadStatusAnswer { JobId = request.JobId!, Status = AutoMlMapping.StatusOf(job.Status), Error = job.ErrorMessage };
    }

    /// <summary>Names of the collections of a project.</summary>
    [HttpPost("list_collections")]
    public async Task<ListCollectionsAnswer> ListCollections(ProjectNameRequest request, CancellationToken cancellation) =>
        new() { Collections = await collections.ListAsync(HttpContext.Caller(), request.ProjectName!, cancellation) };

    /// <summary>Deletes a collection and its data.</summary>
    [HttpPost("delete_collection")]
    public async Task<SuccessAnswer> DeleteCollection(CollectionRequest request, CancellationToken cancellation)
    {
        await collections.DeleteAsync(HttpContext.Caller(), AutoMlMapping.At(request), cancellation);
        return new SuccessAnswer();
    }

    private static JobAnswer ToAnswer(Job job) => new() { JobId = job.Id.ToString() };
}
