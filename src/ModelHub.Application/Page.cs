namespace ModelHub.Application;

/// <summary>One page of a list, and how many there are in all.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, int Total, int Limit, int Offset)
{
    public Page<TOther> Map<TOther>(Func<T, TOther> map) => With([.. Items.Select(map)]);

    /// <summary>The same page of what was made of its items.</summary>
    public Page<TOther> With<TOther>(IReadOnlyList<TOther> items) => new(items, Total, Limit, Offset);
}

/// <summary>Which part of a list is wanted; bounds are checked by the dialects, which differ in them.</summary>
public readonly record struct Paging(int Limit, int Offset);
