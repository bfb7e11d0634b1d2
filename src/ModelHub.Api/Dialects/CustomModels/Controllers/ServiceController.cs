using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace ModelHub.Api.Dialects.CustomModels.Controllers;

public sealed record PongV2([property: JsonPropertyName("response")] string Response);

public sealed record VersionV2(
    [property: JsonPropertyName("major")] int Major, [property: JsonPropertyName("minor")] int Minor,
    [property: JsonPropertyName("versionString")] string VersionString);

/// <summary>What clients ask before anything else.</summary>
[ApiController]
[Route("api/v2")]
public sealed class ServiceController : ControllerBase
{
    private const int Minor = 29;

    [HttpGet("ping")]
    public PongV2 Ping() => new("pong");

    [HttpGet("version")]
    public VersionV2 Version() => new(2, Minor, $"2.{Minor}.0");
}
