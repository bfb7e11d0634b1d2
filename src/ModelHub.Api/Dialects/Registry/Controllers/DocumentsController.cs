using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace ModelHub.Api.Dialects.Registry.Controllers;

/// <summary>Where this API's clients look for its documents.</summary>
[ApiController]
[AllowAnonymous]
[Route("v1/api/docs")]
public sealed class DocumentsController : ControllerBase
{
    /// <summary>Leads to the page that shows this document.</summary>
    [HttpGet("")]
    [ProducesResponseType(302)]
    public IActionResult Show() => Redirect("/swagger/index.html?urls.primaryName=" + Uri.EscapeDataString(RegistryDialect.Heading));
}
