using System.Globalization;

namespace ModelHub.Application;

/// <summary>One page of a list, and how many there are in all.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, int Total, int Limit, int Offset)
{
    /// <summary>Where the next page begins; null for the last one, and for lists that have no such places.</summary>
    public ListPlace? Next { get; init; }

    public Page<TOther> Map<TOther>(Func<T, TOther> map) => With([.. Items.Select(map)]);

    /// <summary>The same page of what was made of its items.</summary>
    public Page<TOther> With<TOther>(IReadOnlyList<TOther> items) => new(items, Total, Limit, Offset) { Next = Next };
}

/// <summary>Which part of a list is wanted; bounds are checked by the dialects, which differ in them.</summary>
/// <param name="After">Begins behind this place, wherever that is by now; null for a place that is counted from the start.</param>
public readonly record struct Paging(int Limit, int Offset, ListPlace? After = null);

/// <summary>
/// A place in a list of the newest first: behind one of its items. It stays where it is whatever is added or deleted, so that who goes on from it
/// sees every item that was there all the while exactly once.
/// </summary>
public sealed record ListPlace(DateTimeOffset CreatedAt, Guid Id)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{CreatedAt.UtcTicks:x16}{Id:N}");

    /// <summary>Null for a text that is no place.</summary>
    public static ListPlace? TryParse(string text) =>
        text.Length == 48 && long.TryParse(text.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var ticks)
        && ticks >= 0 && ticks <= DateTimeOffset.MaxValue.Ticks && Guid.TryParseExact(text.AsSpan(16), "N", out var id)
            ? new ListPlace(new DateTimeOffset(ticks, TimeSpan.Zero), id) : null;
}

/// <summary>What lists show the newest first.</summary>
public interface IListed
{
    Guid Id { get; }

    DateTimeOffset CreatedAt { get; }
}
