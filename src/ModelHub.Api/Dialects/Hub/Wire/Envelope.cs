using ModelHub.Application;

namespace ModelHub.Api.Dialects.Hub.Wire;

/// <summary>One page of a list.</summary>
public sealed record ListAnswer<T>
{
    public required IReadOnlyList<T> Items { get; init; }

    /// <summary>How many there are in all.</summary>
    public required int Total { get; init; }

    public required int Limit { get; init; }

    public required int Offset { get; init; }

    /// <summary>
    /// For <c>?cursor=</c>: goes on behind the last item, whatever was added or deleted meanwhile. Null for the last page, and for lists in another order than
    /// the newest first.
    /// </summary>
    public string? NextCursor { get; init; }

    public static ListAnswer<T> Of<TSource>(Page<TSource> page, Func<TSource, T> map) =>
        new() { Items = [.. page.Items.Select(map)], Total = page.Total, Limit = page.Limit, Offset = page.Offset, NextCursor = page.Next?.ToString() };
}

/// <summary>What deleting answers.</summary>
public sealed record OkAnswer
{
    public bool Ok { get; init; } = true;
}
