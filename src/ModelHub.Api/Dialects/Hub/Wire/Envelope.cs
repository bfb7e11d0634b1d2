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

    public static ListAnswer<T> Of<TSource>(Page<TSource> page, Func<TSource, T> map) =>
        new() { Items = [.. page.Items.Select(map)], Total = page.Total, Limit = page.Limit, Offset = page.Offset };
}

/// <summary>What deleting answers.</summary>
public sealed record OkAnswer
{
    public bool Ok { get; init; } = true;
}
