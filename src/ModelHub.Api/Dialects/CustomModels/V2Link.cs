using Microsoft.AspNetCore.WebUtilities;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>Absolute addresses, with the scheme and host that the client used.</summary>
internal static class V2Link
{
    public static string To(HttpRequest request, string path) => $"{request.Scheme}://{request.Host}{path}";

    /// <summary>The same list at another offset, with all its filters.</summary>
    public static string ToPage(HttpRequest request, int offset, int limit)
    {
        var query = request.Query.Where(q => q.Key is not "offset" and not "limit").SelectMany(q => q.Value.Select(v => KeyValuePair.Create(q.Key, v)));
        var path = request.Path.Value!.TrimEnd('/') + "/";
        return QueryHelpers.AddQueryString(
            To(request, path), query.Append(KeyValuePair.Create("offset", (string?)$"{offset}")).Append(KeyValuePair.Create("limit", (string?)$"{limit}")));
    }
}
