using Microsoft.EntityFrameworkCore;

namespace ModelHub.Application.Storage;

/// <summary>Cuts pages out of queries.</summary>
internal static class Paged
{
    /// <summary>The wanted part of an ordered query, and how many rows it has in all.</summary>
    public static async Task<Page<T>> ToPageAsync<T>(this IQueryable<T> ordered, Paging paging, CancellationToken cancellation) => new(
        await ordered.Skip(paging.Offset).Take(paging.Limit).ToListAsync(cancellation), await ordered.CountAsync(cancellation), paging.Limit, paging.Offset);
}
