using System.Threading.RateLimiting;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Access;

/// <summary>Marks what scores rows: it is not counted, so that a busy model is bounded by the machine and not by a setting.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class ScoringAttribute : Attribute;

/// <summary>
/// How many requests a key may make in a minute (a token bucket, so a pause earns a burst). Counted in each process: several processes
/// behind one address admit as many times more. The first key and scoring are not counted.
/// </summary>
internal sealed class RateLimits(HubSettings settings) : IDisposable
{
    private readonly PartitionedRateLimiter<Guid> _limiter = PartitionedRateLimiter.Create<Guid, Guid>(key =>
        RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = settings.RequestsPerMinute,
            TokensPerPeriod = Math.Max(1, settings.RequestsPerMinute / 60),
            ReplenishmentPeriod = TimeSpan.FromSeconds(Math.Max(1, 60.0 / settings.RequestsPerMinute)),
        }));

    /// <exception cref="ModelHubException"><see cref="ErrorKind.RateLimited"/>, with the time to wait.</exception>
    public void Admit(Caller caller, Endpoint? endpoint)
    {
        if (settings.RequestsPerMinute == 0 || caller.IsFirstKey || endpoint?.Metadata.GetMetadata<ScoringAttribute>() is not null)
            return;
        using var lease = _limiter.AttemptAcquire(caller.KeyId);
        if (lease.IsAcquired)
            return;
        throw new ModelHubException(ErrorKind.RateLimited, "too_many_requests", $"This key may make {settings.RequestsPerMinute} requests per minute.")
        {
            RetryAfter = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1),
        };
    }

    public void Dispose() => _limiter.Dispose();
}
