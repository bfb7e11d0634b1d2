using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Access;

internal static class CallerExtensions
{
    /// <summary>Who asks; set by authentication.</summary>
    public static Caller Caller(this HttpContext context) =>
        context.Features.Get<Caller>() ?? throw ModelHubException.Unauthenticated();
}
