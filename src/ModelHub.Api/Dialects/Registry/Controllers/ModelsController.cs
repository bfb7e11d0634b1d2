using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.Registry;

namespace ModelHub.Api.Dialects.Registry.Controllers;

/// <summary>Models by their names and numbers. A custom model of another door is a model here, too.</summary>
[ApiController]
[Route("v1/api/models")]
public sealed class ModelsController(RegistryService registry, UploadService uploads) : ControllerBase
{
    /// <summary>
    /// Uploads a model file as multipart/form-data: <c>metadata</c> (JSON) and <c>file</c>, in any order. Answers with the number of
    /// the new version, which is then checked; ask get_version_by_id until its status is ready or error.
    /// </summary>
    [HttpPost("upload_and_convert")]
    [StreamedBody]
    [Consumes("multipart/form-data")]
    [ProducesResponseType<UploadAnswer>(202)]
    public async Task<IActionResult> Upload(CancellationToken cancellation)
    {
        var (upload, name, file) = await new UploadForm(uploads, HttpContext.Caller()).ReadAsync(Request, cancellation);
        var version = await uploads.CreateAsync(HttpContext.Caller(), upload, name, file, cancellation);
        return Accepted(UploadAnswer.Of(version.Number));
    }

    /// <summary>The models of a workspace with their versions, the newest first.</summary>
    [HttpPost("list")]
    [Consumes("application/json")]
    public async Task<ListModelsAnswer> List(ListModelsRequest request, CancellationToken cancellation)
    {
        var (workspace, models) = await registry.ListAsync(HttpContext.Caller(), request.WorkspaceId!.Value, cancellation);
        return new ListModelsAnswer { Models = [.. models.Select(m => ModelMapping.ToWire(m, workspace))] };
    }

    /// <summary>A model by its number, with its versions.</summary>
    [HttpPost("get")]
    [Consumes("application/json")]
    public async Task<ModelDetailsWire> Get(GetModelRequest request, CancellationToken cancellation) =>
        ModelMapping.ToDetails(await registry.GetModelAsync(HttpContext.Caller(), request.Id!.Value, cancellation));

    /// <summary>A version by its number, or the newest of the model with that number.</summary>
    [HttpPost("get_version_by_id")]
    [Consumes("application/json")]
    public async Task<VersionAnswer> GetVersion(GetVersionRequest request, CancellationToken cancellation) =>
        new()
        {
            ModelVersion = ModelMapping.ToWire(
                await registry.GetAsync(HttpContext.Caller(), request.ModelVersionId!.Value, cancellation)),
        };

    /// <summary>The versions of a model by its name, its number, or both; the newest first.</summary>
    [HttpPost("list_versions")]
    [Consumes("application/json")]
    public async Task<IReadOnlyList<ListedVersionWire>> ListVersions(ListVersionsRequest request, CancellationToken cancellation) =>
        [.. (await registry.VersionsAsync(HttpContext.Caller(), request.ModelId, request.ModelsPkId, cancellation))
            .Select(ModelMapping.ToListed)];

    /// <summary>A version's configuration.</summary>
    [HttpPost("get_config_by_id")]
    [Consumes("application/json")]
    public async Task<ConfigAnswer> GetConfig(GetConfigRequest request, CancellationToken cancellation) =>
        new() { ModelConfig = ModelMapping.ConfigOf(await registry.GetAsync(HttpContext.Caller(), request.ModelId!.Value, cancellation)) };
}
