using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Storage;

/// <summary>Rows that were there a moment ago: somebody may delete them between two questions.</summary>
internal static class Required
{
    /// <exception cref="ModelHubException">There is no such row any more (not found).</exception>
    public static async Task<T> RequireAsync<T>(this IQueryable<T> query, string what, CancellationToken cancellation) =>
        await query.Take(1).ToListAsync(cancellation) is [var found] ? found : throw ModelHubException.NotFound(what);
}
