using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Application;
using ModelHub.Application.CustomModels.Repositories;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>What the server offers to custom models: templates, resource bundles, secrets, repositories.</summary>
[StreamedBody]
[Route("api/v2")]
public sealed class OffersController(TemplateService templates, ServerOffers offers, RepositoryService repositories) : VendorController
{
    /// <summary>Templates that a custom model can begin with.</summary>
    [HttpGet("customTemplates")]
    public IActionResult Templates() => List(ServerOffers.Templates, t => new
    {
        id = HubId.ToHex(t.Id), name = t.Name, description = t.Description, templateType = "model", templateSubType = t.Target.ToString(),
        items = t.Files,
    });

    /// <summary>Sizes of memory that a model can ask for.</summary>
    [HttpGet("mlops/compute/bundles")]
    public IActionResult Bundles() => List(offers.Bundles, b => new
    {
        id = HubId.ToHex(b.Id), name = b.Name, description = b.Description, memoryBytes = b.Memory, cpuCount = b.Processors, useCases = (string[])["customModel"],
    });

    /// <summary>Sets of secrets that the caller's models may be given: their names, never their values.</summary>
    [HttpGet("secretConfigs")]
    public IActionResult Secrets() => List(offers.SecretsOf(HttpContext.Caller()), s => new { id = HubId.ToHex(s.Id), name = s.Name, description = s.Description });

    /// <summary>A custom model with a first version that runs.</summary>
    [HttpPost("customModels/fromModelTemplate")]
    public async Task<IActionResult> FromTemplate(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var (template, bundle) = (fields.Id("templateId", required: true), fields.Id("resourceBundleId", required: true));
        var secret = fields.Id("secretConfigId", required: true);
        fields.Check();
        var made = await templates.CreateAsync(HttpContext.Caller(), template!.Value, bundle!.Value, secret!.Value, cancellation);
        return Answer(new { customModelId = HubId.ToHex(made.ModelId), customModelVersionId = HubId.ToHex(made.Id) }, 201);
    }

    /// <summary>Repositories that an administrator has registered.</summary>
    [HttpGet("remoteRepositories")]
    public async Task<IActionResult> Repositories(CancellationToken cancellation) => List(await repositories.ListAsync(Paging(), cancellation), ToWire);

    /// <summary>A registered repository.</summary>
    [HttpGet("remoteRepositories/{repositoryId}")]
    public async Task<IActionResult> Repository(string repositoryId, CancellationToken cancellation) =>
        Answer(ToWire(await repositories.GetAsync(Id(repositoryId, "remote repository"), cancellation)));

    /// <summary>Registers a Git repository (administrators only).</summary>
    [HttpPost("remoteRepositories")]
    public async Task<IActionResult> Register(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var (name, location) = (fields.Text("name", 200, required: true, blank: false), fields.Text("location", 2000, required: true, blank: false));
        if (fields.Text("sourceType", 50) is not (null or "git" or "github" or "gitlab" or "bitbucket"))
            fields.Refuse("sourceType", "'git' is expected.");
        fields.Check();
        return Answer(ToWire(await repositories.RegisterAsync(HttpContext.Caller(), name!, location!, cancellation)), 201);
    }

    /// <summary>Forgets a repository.</summary>
    [HttpDelete("remoteRepositories/{repositoryId}")]
    public async Task<IActionResult> Forget(string repositoryId, CancellationToken cancellation)
    {
        await repositories.DeleteAsync(HttpContext.Caller(), Id(repositoryId, "remote repository"), cancellation);
        return NoContent();
    }

    private IActionResult List<T>(IReadOnlyList<T> all, Func<T, object> map)
    {
        var paging = Paging();
        return List(new Page<T>([.. all.Skip(paging.Offset).Take(paging.Limit)], all.Count, paging.Limit, paging.Offset), map);
    }

    private static object ToWire(RemoteRepository r) =>
        new { id = HubId.ToHex(r.Id), name = r.Name, location = r.Location, sourceType = "git", created = VendorJson.Time(r.CreatedAt) };
}
