using System.Text.Json.Serialization;
using ModelHub.Application;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>One page of a list; the newest first.</summary>
public sealed record V2List<T>
{
    [JsonPropertyName("count")]
    public required int Count { get; init; }

    [JsonPropertyName("totalCount")]
    public required int TotalCount { get; init; }

    [JsonPropertyName("next")]
    public required string? Next { get; init; }

    [JsonPropertyName("previous")]
    public required string? Previous { get; init; }

    [JsonPropertyName("data")]
    public required IReadOnlyList<T> Data { get; init; }
}

internal static class V2Paging
{
    /// <exception cref="ModelHubException">offset is not negative, limit is 1 to 1000.</exception>
    public static Paging Of(int? limit, int? offset)
    {
        if (limit is < 1 or > 1000)
            throw ModelHubException.Invalid("limit", "'limit' is 1 to 1000.");
        if (offset < 0)
            throw ModelHubException.Invalid("offset", "'offset' must not be negative.");
        return new Paging(limit ?? 100, offset ?? 0);
    }

    public static V2List<T> Page<TSource, T>(HttpRequest request, Page<TSource> page, Func<TSource, T> map) => new()
    {
        Data = [.. page.Items.Select(map)],
        Count = page.Items.Count,
        TotalCount = page.Total,
        Next = page.Offset + page.Items.Count < page.Total ? V2Link.ToPage(request, page.Offset + page.Limit, page.Limit) : null,
        Previous = page.Offset > 0 ? V2Link.ToPage(request, Math.Max(0, page.Offset - page.Limit), page.Limit) : null,
    };

    /// <summary>Reads an id of a path, in either form; what is no id names nothing.</summary>
    public static Guid Id(string text, string noun) => HubId.TryParse(text, out var id) ? id : throw ModelHubException.NotFound(noun);

    /// <summary>Reads an id of a body or query; null when it is not named.</summary>
    public static Guid? OptionalId(string? text, string field) => text is null ? null
        : HubId.TryParse(text, out var id) ? id : throw ModelHubException.Invalid(field, $"'{field}' is no id.");
}
