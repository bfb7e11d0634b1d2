namespace ModelHub.Application.Storage;

/// <summary>Patterns of SQL's <c>like</c>; the escape character is a backslash.</summary>
internal static class LikePattern
{
    /// <summary>Matches what contains a text; wildcards in it stand for themselves.</summary>
    public static string Containing(string text) => "%" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal)
        .Replace("_", "\\_", StringComparison.Ordinal).Replace("\0", "", StringComparison.Ordinal) + "%";
}
