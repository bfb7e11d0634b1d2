using Microsoft.EntityFrameworkCore;

namespace ModelHub.Application.Storage;

/// <summary>Cuts pages out of queries.</summary>
internal static class Paged
{
    /// <summary>The wanted part of an ordered query, and how many rows it has in all.</summary>
    public static async Task<Page<T>> ToPageAsync<T>(this IQueryable<T> ordered, Paging paging, CancellationToken cancellation) => new(
        await ordered.Skip(paging.Offset).Take(paging.Limit).ToListAsync(cancellation), await ordered.CountAsync(cancellation), paging.Limit, paging.Offset);

    /// <summary>The wanted part of a list, the newest first, with the place where it goes on.</summary>
    public static async Task<Page<T>> NewestFirstAsync<T>(this IQueryable<T> rows, Paging paging, CancellationToken cancellation)
        where T : class, IListed
    {
        var found = await rows.Behind(paging.After).OrderByDescending(r => r.CreatedAt).ThenBy(r => r.Id)
            .Skip(paging.Offset).Take(paging.Limit).ToListAsync(cancellation);
        return new Page<T>(found, await rows.CountAsync(cancellation), paging.Limit, paging.Offset)
        {
            Next = found.Count < paging.Limit ? null : new ListPlace(found[^1].CreatedAt, found[^1].Id),
        };
    }

    /// <summary>What a list of the newest first has behind a place.</summary>
    public static IQueryable<T> Behind<T>(this IQueryable<T> rows, ListPlace? place)
        where T : class, IListed =>
        place is null ? rows : rows.Where(r => r.CreatedAt < place.CreatedAt || r.CreatedAt == place.CreatedAt && r.Id.CompareTo(place.Id) > 0);
}
