using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Environments;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Versions of execution environments and how their building went.</summary>
[StreamedBody]
[Route("api/v2/executionEnvironments/{environmentId}/versions")]
public sealed class EnvironmentVersionsController(EnvironmentVersions versions, EnvironmentBuilds builds, IArtifactStore store) : VendorController
{
    /// <summary>A version to be built. Form: dockerContext or dockerImage (files; docker_context, docker_image), or dockerImageUri; label, description.</summary>
    [HttpPost]
    public async Task<IActionResult> Create(string environmentId, CancellationToken cancellation)
    {
        var id = Id(environmentId, "execution environment");
        await builds.RequireEditableAsync(HttpContext.Caller(), id, cancellation);
        var wanted = EnvironmentRequests.ToNew(await StoredForm.ReadAsync(Request, store, EnvironmentRequests.FileParts, cancellation));
        var made = await builds.CreateAsync(HttpContext.Caller(), id, wanted, cancellation);
        return At($"/api/v2/status/{HubId.ToHex(made.BuildId!.Value)}/", new { id = HubId.ToHex(made.Id) }, 202);
    }

    /// <summary>The newest first. Query: buildStatus, search (in label, description and id), offset, limit.</summary>
    [HttpGet]
    public async Task<IActionResult> List(string environmentId, CancellationToken cancellation)
    {
        var (paging, query) = (Paging(), Query());
        var (status, search) = (query.Word("buildStatus", VendorWords.BuildStatuses), query.Text("search", 1000));
        query.Check();
        return List(
            await versions.ListAsync(HttpContext.Caller(), Id(environmentId, "execution environment"), status, search, paging, cancellation),
            CustomModelMapping.ToWire);
    }

    /// <summary>An environment version.</summary>
    [HttpGet("{environmentVersionId}")]
    public async Task<IActionResult> Get(string environmentId, string environmentVersionId, CancellationToken cancellation) =>
        Answer(CustomModelMapping.ToWire(await FindAsync(environmentId, environmentVersionId, cancellation)));

    /// <summary>What the build of an environment version said.</summary>
    [HttpGet("{environmentVersionId}/buildLog")]
    public async Task<IActionResult> BuildLog(string environmentId, string environmentVersionId, CancellationToken cancellation)
    {
        var version = await FindAsync(environmentId, environmentVersionId, cancellation);
        return Answer(new { log = version.BuildLog, error = version.BuildError });
    }

    /// <summary>The Docker context, or with imageFile=true the image, as it was uploaded.</summary>
    [HttpGet("{environmentVersionId}/download")]
    public async Task<IActionResult> Download(string environmentId, string environmentVersionId, CancellationToken cancellation)
    {
        var query = Query();
        var wantsImage = query.Flag("imageFile") ?? false;
        query.Check();
        var version = await FindAsync(environmentId, environmentVersionId, cancellation);
        var (bytes, name) = await versions.OpenAsync(version, wantsImage, cancellation);
        return File(bytes, "application/octet-stream", name);
    }

    private Task<EnvironmentVersion> FindAsync(string environmentId, string versionId, CancellationToken cancellation) => versions.GetAsync(
        HttpContext.Caller(), Id(environmentId, "execution environment"), Id(versionId, "environment version"), cancellation);
}
