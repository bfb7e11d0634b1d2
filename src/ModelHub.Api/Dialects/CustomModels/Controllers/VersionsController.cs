using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Identity;
using ModelHub.Application.Sharing;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Versions of custom models: their files and settings.</summary>
[StreamedBody]
[Route("api/v2/customModels/{customModelId}/versions")]
public sealed class VersionsController(VersionService versions, VersionDownload downloads, TrainingDataChoice training, IArtifactStore store)
    : VendorController
{
    /// <summary>A version of the files sent. Form: file and filePath (repeated, in order), isMajorUpdate, baseEnvironmentId, …</summary>
    [HttpPost]
    public Task<IActionResult> Create(string customModelId, CancellationToken cancellation) => CreateAsync(customModelId, fromLatest: false, cancellation);

    /// <summary>The same, from the latest version; filesToDelete names what to leave out.</summary>
    [HttpPatch]
    public Task<IActionResult> CreateFromLatest(string customModelId, CancellationToken cancellation) =>
        CreateAsync(customModelId, fromLatest: true, cancellation);

    /// <summary>A version from the latest with other training data.</summary>
    [HttpPatch("withTrainingData")]
    public async Task<IActionResult> WithTrainingData(string customModelId, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var wanted = new NewVersion(IsMajor: false)
        {
            FromLatest = true, Training = VersionRequests.TrainingOf(fields, "trainingData"), Holdout = VersionRequests.TrainingOf(fields, "holdoutData"),
            Git = CustomModelMapping.GitOf(fields),
        };
        if (wanted.Training is null)
            fields.Refuse("trainingData", "A dataset is needed.");
        fields.Check();
        var made = await versions.CreateAsync(HttpContext.Caller(), Id(customModelId, "custom model"), wanted, cancellation);
        return Under(await training.RecordAsync(HttpContext.Caller(), made.Version, CustomModelJobs.VersionTrainingData, cancellation), CustomModelMapping.ToWire(made));
    }

    /// <summary>The newest first; mainBranchCommitSha selects those made from a commit.</summary>
    [HttpGet]
    public async Task<IActionResult> List(string customModelId, CancellationToken cancellation)
    {
        var (paging, query) = (Paging(), Query());
        var sha = query.Text("mainBranchCommitSha", 100);
        query.Check();
        return List(
            await versions.ListAsync(HttpContext.Caller(), Id(customModelId, "custom model"), sha, paging, cancellation), CustomModelMapping.ToWire);
    }

    /// <summary>A version.</summary>
    [HttpGet("{customModelVersionId}")]
    public async Task<IActionResult> Get(string customModelId, string customModelVersionId, CancellationToken cancellation) => Answer(CustomModelMapping.ToWire(
        await versions.GetAsync(HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation)));

    /// <summary>Changes the description or the flags of a version.</summary>
    [HttpPatch("{customModelVersionId}")]
    public async Task<IActionResult> Describe(string customModelId, string customModelVersionId, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var (description, git, metadata) = (fields.Text("description"), CustomModelMapping.GitOf(fields), VersionRequests.MetadataOf(fields));
        fields.Check();
        return Answer(CustomModelMapping.ToWire(await versions.DescribeAsync(
            HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), description, git, metadata, cancellation)));
    }

    /// <summary>A version's files as a zip archive.</summary>
    [HttpGet("{customModelVersionId}/download")]
    public async Task<IActionResult> Download(string customModelId, string customModelVersionId, CancellationToken cancellation)
    {
        var (zip, version) = await downloads.ZipAsync(
            HttpContext.Caller(), Id(customModelId, "custom model"), Id(customModelVersionId, "custom model version"), cancellation);
        return File(zip, "application/zip", $"model-{HubId.ToHex(version.ModelId)}-{version.Label}.zip");
    }

    private async Task<IActionResult> CreateAsync(string customModelId, bool fromLatest, CancellationToken cancellation)
    {
        var id = Id(customModelId, "custom model");
        await versions.FindModelAsync(HttpContext.Caller(), id, SharingRight.Edit, cancellation);
        var wanted = VersionRequests.ToNew(await StoredForm.ReadAsync(Request, store, VersionRequests.FileParts, cancellation), fromLatest);
        return Answer(CustomModelMapping.ToWire(await versions.CreateAsync(HttpContext.Caller(), id, wanted, cancellation)), 201);
    }
}
