using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Errors;
using ModelHub.Application.Environments;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

/// <summary>Execution environments: what custom models run in.</summary>
[StreamedBody]
[Route("api/v2/executionEnvironments")]
public sealed class EnvironmentsController(EnvironmentService environments) : VendorController
{
    private const string Noun = "execution environment";
    private static readonly Dictionary<string, bool> Languages =
        ((string[])["python", "r", "java", "julia", "legacy", "other"]).ToDictionary(l => l, _ => true);

    private static readonly Dictionary<string, bool> UseCases =
        ((string[])["customModel", "notebook", "gpu", "customApplication", "sparkApplication", "customJob"]).ToDictionary(u => u, _ => true);

    /// <summary>Makes an environment without versions.</summary>
    [HttpPost]
    public async Task<IActionResult> Create(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var wish = WishOf(fields, isNew: true);
        var (id, isPublic) = (fields.Id("environmentId"), fields.Flag("isPublic") ?? false);
        fields.Check();
        var made = HubId.ToHex((await environments.CreateAsync(HttpContext.Caller(), wish, id, isPublic, cancellation)).Id);
        return At($"/api/v2/executionEnvironments/{made}/", new { id = made }, 201);
    }

    /// <summary>Environments that the caller may see.</summary>
    [HttpGet]
    public async Task<IActionResult> List(CancellationToken cancellation)
    {
        var (paging, query) = (Paging(), Query());
        query.Word("useCases", UseCases);
        var (search, useCase) = (query.Text("searchFor", 1000), query.Text("useCases", 50));
        query.Check();
        return List(await environments.ListAsync(HttpContext.Caller(), search, useCase, paging, cancellation), CustomModelMapping.ToWire);
    }

    /// <summary>An environment.</summary>
    [HttpGet("{environmentId}")]
    public async Task<IActionResult> Get(string environmentId, CancellationToken cancellation) =>
        Answer(CustomModelMapping.ToWire(await environments.GetAsync(HttpContext.Caller(), Id(environmentId, Noun), cancellation)));

    /// <summary>Changes what is named of an environment.</summary>
    [HttpPatch("{environmentId}")]
    public async Task<IActionResult> Change(string environmentId, CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var wish = WishOf(fields, isNew: false);
        fields.Check();
        return Answer(CustomModelMapping.ToWire(await environments.ChangeAsync(HttpContext.Caller(), Id(environmentId, Noun), wish, cancellation)));
    }

    /// <summary>Deletes an environment that nothing uses.</summary>
    [HttpDelete("{environmentId}")]
    public async Task<IActionResult> Delete(string environmentId, CancellationToken cancellation)
    {
        await environments.DeleteAsync(HttpContext.Caller(), Id(environmentId, Noun), cancellation);
        return NoContent();
    }

    /// <summary>Deletes for good up to ten environments that were deleted before.</summary>
    [HttpPost("/api/v2/executionEnvironmentsPermadelete")]
    public async Task<IActionResult> Purge(CancellationToken cancellation)
    {
        var fields = await RequestFields.ReadAsync(Request, cancellation);
        var ids = fields.Ids("executionEnvironmentIds", 10);
        if (ids.Count == 0)
            fields.Refuse("executionEnvironmentIds", "1 to 10 ids are expected.");
        fields.Check();
        await environments.PurgeAsync(HttpContext.Caller(), ids, cancellation);
        return NoContent();
    }

    /// <summary>Who may see an environment, in which role.</summary>
    [HttpGet("{environmentId}/accessControl")]
    public async Task<IActionResult> SharedWith(string environmentId, CancellationToken cancellation)
    {
        var (paging, query) = (Paging(), Query());
        if (query.Has("username") && query.Has("userId"))
            throw new HttpRefusalException(400, "both_given", "Give 'username' or 'userId', not both.");
        var (username, userId) = (query.Text("username", 320), query.Id("userId"));
        query.Check();
        return List(
            await environments.SharedWithAsync(HttpContext.Caller(), Id(environmentId, Noun), username, userId, paging, cancellation),
            CustomModelMapping.ToWire);
    }

    /// <summary>Grants and takes away roles.</summary>
    [HttpPatch("{environmentId}/accessControl")]
    public async Task<IActionResult> Share(string environmentId, CancellationToken cancellation)
    {
        await environments.GetAsync(HttpContext.Caller(), Id(environmentId, Noun), cancellation); // an unknown id comes before a wrong body
        var changes = CustomModelRequests.ToSharing(await RequestFields.ReadAsync(Request, cancellation));
        await environments.ShareAsync(HttpContext.Caller(), Id(environmentId, Noun), changes, cancellation);
        return NoContent();
    }

    private static EnvironmentWish WishOf(RequestFields fields, bool isNew)
    {
        fields.Word("programmingLanguage", Languages);
        var uses = fields.Texts("useCases", 100);
        if (uses?.FirstOrDefault(u => !UseCases.ContainsKey(u)) is { } unknown)
            fields.Refuse("useCases", $"'{unknown}' is none of {string.Join(", ", UseCases.Keys)}.");
        return new EnvironmentWish(
            fields.Text("name", 255, required: isNew, blank: false), fields.Text("description"), fields.Text("programmingLanguage", 50), uses);
    }
}
