using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application.CustomModels.Packages;
using ModelHub.Application.Deployments;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Registered models, their versions (packages), and what is deployed of custom models.</summary>
[StreamedBody]
[Route("api/v2")]
public sealed class PackagesController(PackageService packages, DeploymentService deployments) : VendorController
{
    /// <summary>Registers a version of a custom model, which is frozen by it.</summary>
    [HttpPost("modelPackages/fromCustomModelVersion")]
    public async Task<IActionResult> Create(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var version = fields.Id("customModelVersionId", required: true);
        var (name, registered) = (fields.Text("name", 200, blank: false), fields.Text("registeredModelName", 200, blank: false));
        fields.Check();
        var made = await packages.CreateAsync(HttpContext.Caller(), version!.Value, name, registered, cancellation);
        return At($"/api/v2/modelPackages/{HubId.ToHex(made.Package.Id)}/", ToWire(made), 201);
    }

    /// <summary>Model packages.</summary>
    [HttpGet("modelPackages")]
    public async Task<IActionResult> ListPackages(CancellationToken cancellation) =>
        List(await packages.ListAsync(HttpContext.Caller(), null, Paging(), cancellation), ToWire);

    /// <summary>A model package.</summary>
    [HttpGet("modelPackages/{packageId}")]
    public async Task<IActionResult> GetPackage(string packageId, CancellationToken cancellation) =>
        Answer(ToWire(await packages.GetAsync(HttpContext.Caller(), Id(packageId, "model package"), cancellation)));

    /// <summary>Registered models.</summary>
    [HttpGet("registeredModels")]
    public async Task<IActionResult> ListRegistered(string? search, CancellationToken cancellation) =>
        List(await packages.ListRegisteredAsync(HttpContext.Caller(), search, Paging(), cancellation), ToWire);

    /// <summary>A registered model.</summary>
    [HttpGet("registeredModels/{registeredModelId}")]
    public async Task<IActionResult> GetRegistered(string registeredModelId, CancellationToken cancellation) =>
        Answer(ToWire(await packages.GetRegisteredAsync(HttpContext.Caller(), Id(registeredModelId, "registered model"), cancellation)));

    /// <summary>Changes what is named of a registered model.</summary>
    [HttpPatch("registeredModels/{registeredModelId}")]
    public async Task<IActionResult> ChangeRegistered(string registeredModelId, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var (name, description) = (fields.Text("name", 200, blank: false), fields.Text("description"));
        fields.Check();
        return Answer(ToWire(await packages.ChangeAsync(
            HttpContext.Caller(), Id(registeredModelId, "registered model"), name, description, cancellation)));
    }

    /// <summary>Deletes a registered model that is not deployed.</summary>
    [HttpDelete("registeredModels/{registeredModelId}")]
    public async Task<IActionResult> DeleteRegistered(string registeredModelId, CancellationToken cancellation)
    {
        await packages.DeleteAsync(HttpContext.Caller(), Id(registeredModelId, "registered model"), cancellation);
        return NoContent();
    }

    /// <summary>Versions of a registered model.</summary>
    [HttpGet("registeredModels/{registeredModelId}/versions")]
    public async Task<IActionResult> Versions(string registeredModelId, CancellationToken cancellation) =>
        List(await packages.ListAsync(HttpContext.Caller(), Id(registeredModelId, "registered model"), Paging(), cancellation), ToWire);

    /// <summary>Deploys a package.</summary>
    [HttpPost("deployments/fromModelPackage")]
    public async Task<IActionResult> Deploy(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var package = fields.Id("modelPackageId", required: true);
        var (label, description) = (fields.Text("label", 200, required: true, blank: false), fields.Text("description"));
        fields.Check();
        var found = await packages.GetAsync(HttpContext.Caller(), package!.Value, cancellation);
        var made = await deployments.CreateAsync(
            HttpContext.Caller(), new NewDeployment(label, found.Version.Id, DeploymentStage.Production, description), cancellation);
        return Under(await packages.RecordDeploymentAsync(HttpContext.Caller(), made, cancellation), new { id = HubId.ToHex(made.Id) });
    }

    /// <summary>What is deployed of custom models; customModelId selects those of one.</summary>
    [HttpGet("customModelDeployments")]
    public async Task<IActionResult> Deployments(CancellationToken cancellation)
    {
        var (paging, query) = (Paging(), Query());
        var model = query.Id("customModelId");
        query.Check();
        return List(await packages.DeploymentsAsync(HttpContext.Caller(), model, paging, cancellation), ToWire);
    }

    private static object ToWire(RegisteredModel r) => new
    {
        id = HubId.ToHex(r.Id), name = r.Name, description = r.Description, created = VendorJson.Time(r.CreatedAt), updated = VendorJson.Time(r.UpdatedAt),
    };

    private static object ToWire(PackageView view) => new
    {
        id = HubId.ToHex(view.Package.Id),
        name = view.Package.Name,
        registeredModelId = HubId.ToHex(view.Registered.Id),
        registeredModelVersion = view.Package.Number,
        modelId = HubId.ToHex(view.Version.Id),
        created = VendorJson.Time(view.Package.CreatedAt),
        buildStatus = "complete",
        sourceMeta = new
        {
            customModelDetails = new { id = HubId.ToHex(view.Model.Id), versionId = HubId.ToHex(view.Version.Id), versionLabel = view.Version.Label },
        },
        target = new { name = view.Model.Target.Name, type = view.Model.TargetType.ToString() },
    };

    private static object ToWire(CustomModelDeployment d) => new
    {
        id = HubId.ToHex(d.Deployment.Id),
        label = d.Deployment.Name,
        status = d.Deployment.Status == DeploymentStatus.Active ? "active" : "inactive",
        deployed = VendorJson.Time(d.Deployment.CreatedAt),
        customModel = new { id = HubId.ToHex(d.Model.Id), name = d.Model.Name },
        customModelVersion = new { id = HubId.ToHex(d.Version.Id), label = d.Version.Label },
    };
}
