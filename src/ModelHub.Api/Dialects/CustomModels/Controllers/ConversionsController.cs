using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.CustomModels.Conversions;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Conversions: one of a version's files, run as a program, makes further files for the version to run with.</summary>
[StreamedBody]
[Route("api/v2/customModels/{customModelId}/versions/{customModelVersionId}/conversions")]
public sealed class ConversionsController(ConversionService conversions) : VendorController
{
    private const string Noun = "conversion";

    /// <summary>Starts one. Body: mainProgramItemId.</summary>
    [HttpPost]
    public async Task<IActionResult> Start(string customModelId, string customModelVersionId, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var item = fields.Id("mainProgramItemId", required: true);
        if (item is null)
            fields.Refuse("mainProgramItemId", "This field is required.");
        fields.Check();
        var made = await conversions.StartAsync(HttpContext.Caller(), Model(customModelId), Version(customModelVersionId), item!.Value, cancellation);
        var status = HubId.ToHex(made.JobId);
        return At($"/api/v2/status/{status}/", new { conversionId = HubId.ToHex(made.Id), statusId = status }, 202);
    }

    /// <summary>The newest first. Query: isLatest, offset, limit.</summary>
    [HttpGet]
    public async Task<IActionResult> List(string customModelId, string customModelVersionId, CancellationToken cancellation)
    {
        var (paging, query) = (Paging(), Query());
        var latest = query.Flag("isLatest") ?? false;
        query.Check();
        return List(
            await conversions.ListAsync(HttpContext.Caller(), Model(customModelId), Version(customModelVersionId), latest, paging, cancellation),
            InsightMapping.ToWire);
    }

    /// <summary>A conversion.</summary>
    [HttpGet("{conversionId}")]
    public async Task<IActionResult> Get(string customModelId, string customModelVersionId, string conversionId, CancellationToken cancellation) =>
        Answer(InsightMapping.ToWire(await conversions.GetAsync(
            HttpContext.Caller(), Model(customModelId), Version(customModelVersionId), Id(conversionId, Noun), cancellation)));

    /// <summary>Stops one that runs.</summary>
    [HttpDelete("{conversionId}")]
    public async Task<IActionResult> Stop(string customModelId, string customModelVersionId, string conversionId, CancellationToken cancellation)
    {
        await conversions.StopAsync(HttpContext.Caller(), Model(customModelId), Version(customModelVersionId), Id(conversionId, Noun), cancellation);
        return NoContent();
    }

    private static Guid Model(string id) => Id(id, "custom model");

    private static Guid Version(string id) => Id(id, "custom model version");
}
