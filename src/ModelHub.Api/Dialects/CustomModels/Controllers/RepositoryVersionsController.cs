using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Repositories;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Versions made from a registered Git repository.</summary>
[StreamedBody]
[Route("api/v2/customModels/{customModelId}/versions/fromRepository")]
public sealed class RepositoryVersionsController(RepositoryService repositories, TrainingDataChoice work) : VendorController
{
    /// <summary>A version of the repository's files alone. Body: repositoryId, ref, sourcePath (text or list), isMajorUpdate, baseEnvironmentId.</summary>
    [HttpPost]
    public Task<IActionResult> Create(string customModelId, CancellationToken cancellation) => CreateAsync(customModelId, fromLatest: false, cancellation);

    /// <summary>The same, with what the latest version has.</summary>
    [HttpPatch]
    public Task<IActionResult> Extend(string customModelId, CancellationToken cancellation) => CreateAsync(customModelId, fromLatest: true, cancellation);

    private async Task<IActionResult> CreateAsync(string customModelId, bool fromLatest, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var repository = fields.Id("repositoryId", required: true);
        var wish = new RepositoryWish(repository ?? default, fields.Text("ref", 200), fields.Texts("sourcePath", 100, longest: 1000) ?? []);
        var wanted = new NewVersion(fields.Flag("isMajorUpdate") ?? true)
        {
            FromLatest = fromLatest, EnvironmentId = fields.Id("baseEnvironmentId"), Metadata = VersionRequests.MetadataOf(fields),
            KeepTrainingData = fields.Flag("keepTrainingHoldoutData") ?? true,
        };
        fields.Check();
        var made = await repositories.CreateVersionAsync(HttpContext.Caller(), Id(customModelId, "custom model"), wish, wanted, cancellation);
        return Under(await work.RecordAsync(HttpContext.Caller(), made.Version, CustomModelJobs.VersionFromRepository, cancellation));
    }
}
