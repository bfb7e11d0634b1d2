using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Errors;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Custom models: what people bring along themselves.</summary>
[StreamedBody]
[Route("api/v2/customModels")]
public sealed class CustomModelsController(CustomModelService models, CopyService copies, TrainingDataChoice training, VersionDownload downloads)
    : VendorController
{
    /// <summary>Makes a custom model without versions.</summary>
    [HttpPost]
    public async Task<IActionResult> Create(CancellationToken cancellation)
    {
        var wanted = CustomModelRequests.ToNew(await RequestFields.ReadAsync(Request, cancellation));
        return Answer(CustomModelMapping.ToWire(await models.CreateAsync(HttpContext.Caller(), wanted, cancellation)), 201);
    }

    /// <summary>A copy with all versions.</summary>
    [HttpPost("fromCustomModel")]
    public async Task<IActionResult> Copy(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var id = fields.Id("customModelId", required: true);
        fields.Check();
        return Answer(CustomModelMapping.ToWire(await copies.CopyAsync(HttpContext.Caller(), id!.Value, cancellation)), 201);
    }

    /// <summary>The newest first. Query: customModelType, targetType, isDeployed, orderBy, searchFor, offset, limit.</summary>
    [HttpGet]
    public async Task<IActionResult> List(CancellationToken cancellation)
    {
        var paging = Paging();
        var query = Query();
        var order = query.Text("orderBy", 20);
        if (order is not (null or "created" or "-created" or "updated" or "-updated"))
            query.Refuse("orderBy", "One of created, -created, updated, -updated is expected.");
        var filter = new CustomModelFilter(
            query.Word("customModelType", VendorWords.Types), query.Word("targetType", VendorWords.Targets), query.Flag("isDeployed"),
            query.Text("searchFor", 1000), order is "updated" or "-updated", order is "created" or "updated");
        query.Check();
        return List(await models.ListAsync(HttpContext.Caller(), filter, paging, cancellation), CustomModelMapping.ToWire);
    }

    /// <summary>A custom model.</summary>
    [HttpGet("{customModelId}")]
    public async Task<IActionResult> Get(string customModelId, CancellationToken cancellation) =>
        Answer(CustomModelMapping.ToWire(await models.GetAsync(HttpContext.Caller(), Id(customModelId, "custom model"), cancellation)));

    /// <summary>Changes what is named of a custom model.</summary>
    [HttpPatch("{customModelId}")]
    public async Task<IActionResult> Change(string customModelId, CancellationToken cancellation)
    {
        var change = CustomModelRequests.ToChange(await RequestFields.ReadAsync(Request, cancellation));
        return Answer(CustomModelMapping.ToWire(await models.ChangeAsync(HttpContext.Caller(), Id(customModelId, "custom model"), change, cancellation)));
    }

    /// <summary>Deletes a custom model that is not deployed.</summary>
    [HttpDelete("{customModelId}")]
    public async Task<IActionResult> Delete(string customModelId, CancellationToken cancellation)
    {
        await models.DeleteAsync(HttpContext.Caller(), Id(customModelId, "custom model"), cancellation);
        return NoContent();
    }

    /// <summary>The latest version's files as a zip.</summary>
    [HttpGet("{customModelId}/download")]
    public async Task<IActionResult> Download(string customModelId, CancellationToken cancellation)
    {
        var (zip, version) = await downloads.ZipAsync(HttpContext.Caller(), Id(customModelId, "custom model"), null, cancellation);
        return File(zip, "application/zip", $"model-{HubId.ToHex(version.ModelId)}-{version.Label}.zip");
    }

    /// <summary>Who may see a custom model, in which role.</summary>
    [HttpGet("{customModelId}/accessControl")]
    public async Task<IActionResult> SharedWith(string customModelId, CancellationToken cancellation)
    {
        if (Request.Query.ContainsKey("username") && Request.Query.ContainsKey("userId"))
            throw new HttpRefusalException(400, "both_given", "Give 'username' or 'userId', not both.");
        return List(
            await models.SharedWithAsync(HttpContext.Caller(), Id(customModelId, "custom model"), Paging(), cancellation), CustomModelMapping.ToWire);
    }

    /// <summary>Grants and takes away roles.</summary>
    [HttpPatch("{customModelId}/accessControl")]
    public async Task<IActionResult> Share(string customModelId, CancellationToken cancellation)
    {
        await models.GetAsync(HttpContext.Caller(), Id(customModelId, "custom model"), cancellation); // an unknown id comes before a wrong body
        var changes = CustomModelRequests.ToSharing(await RequestFields.ReadAsync(Request, cancellation));
        await models.ShareAsync(HttpContext.Caller(), Id(customModelId, "custom model"), changes, cancellation);
        return NoContent();
    }

    /// <summary>The dataset that the model as a whole learnt from.</summary>
    [HttpPatch("{customModelId}/trainingData")]
    public async Task<IActionResult> AssignTrainingData(string customModelId, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var wish = VersionRequests.TrainingOf(fields, "datasetId", fields);
        if (wish is null)
            fields.Refuse("datasetId", "This field is required.");
        fields.Check();
        return Under(await training.AssignAsync(HttpContext.Caller(), Id(customModelId, "custom model"), wish!, cancellation));
    }
}
