using Microsoft.AspNetCore.Http;
using ModelHub.Api.Access;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Tests;

public sealed class RateLimitTests
{
    private static readonly HubSettings Two = new() { RequestsPerMinute = 2 };
    private readonly Caller _caller = new(Guid.NewGuid(), "ada", false) { KeyId = Guid.NewGuid() };

    [Fact]
    public void A_key_that_asks_too_often_is_told_when_to_come_back_and_others_are_not_held_up()
    {
        using var limits = new RateLimits(Two);
        limits.Admit(_caller, null);
        limits.Admit(_caller, null);
        var refusal = Assert.Throws<ModelHubException>(() => limits.Admit(_caller, null));
        Assert.Equal(ErrorKind.RateLimited, refusal.Kind);
        Assert.InRange(refusal.RetryAfter!.Value.TotalSeconds, 1, 60);
        limits.Admit(_caller with { KeyId = Guid.NewGuid() }, null);
    }

    [Fact]
    public void Scoring_and_the_first_key_are_not_counted_and_zero_is_no_bound()
    {
        using var limits = new RateLimits(Two);
        var scoring = new Endpoint(null, new EndpointMetadataCollection(new ScoringAttribute()), "scoring");
        using var none = new RateLimits(new HubSettings { RequestsPerMinute = 0 });
        for (var i = 0; i < 5; i++)
        {
            limits.Admit(_caller, scoring);
            limits.Admit(_caller with { IsFirstKey = true }, null);
            none.Admit(_caller, null);
        }
    }
}
