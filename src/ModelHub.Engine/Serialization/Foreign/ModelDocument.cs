using System.Globalization;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>
/// A document of objects, texts and numbers, as JSON and UBJ write it. A value is a Dictionary of values, a List of values, a double[] (an array
/// of numbers only), a string, a double, or null. Every accessor refuses what is missing or of another kind by name.
/// </summary>
internal static class ModelDocument
{
    public static Dictionary<string, object?> Object(this Dictionary<string, object?> parent, string name) =>
        parent.GetValueOrDefault(name) as Dictionary<string, object?> ?? throw Missing(name);

    public static string? Text(this Dictionary<string, object?> parent, string name) => parent.GetValueOrDefault(name) as string;

    /// <summary>An array of numbers; an empty array may be either kind.</summary>
    public static double[] Numbers(this Dictionary<string, object?> parent, string name) => parent.GetValueOrDefault(name) switch
    {
        double[] numbers => numbers,
        List<object?> { Count: 0 } => [],
        _ => throw Missing(name),
    };

    public static double[]? NumbersOrNull(this Dictionary<string, object?> parent, string name) =>
        parent.ContainsKey(name) ? parent.Numbers(name) : null;

    public static List<object?> List(this Dictionary<string, object?> parent, string name) => parent.GetValueOrDefault(name) switch
    {
        List<object?> list => list,
        double[] { Length: 0 } => [],
        _ => throw Missing(name),
    };

    /// <summary>Texts, or none when there is no such array.</summary>
    public static string[] Texts(this Dictionary<string, object?> parent, string name) =>
        parent.GetValueOrDefault(name) is List<object?> list ? [.. list.Select(t => t as string ?? throw Missing(name))] : [];

    /// <summary>A number, also one that is written as a text or as a list of one ("[5E-1]").</summary>
    public static double Number(this Dictionary<string, object?> parent, string name, double? otherwise = null) => parent.GetValueOrDefault(name) switch
    {
        double number => number,
        double[] { Length: 1 } one => one[0],
        string text when double.TryParse(text.Trim('[', ']', ' '), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        null when otherwise is not null => otherwise.Value,
        _ => throw Missing(name),
    };

    /// <summary>A whole number between bounds, both included.</summary>
    public static int Integer(this Dictionary<string, object?> parent, string name, int least, int most, int? otherwise = null)
    {
        var number = parent.Number(name, otherwise);
        return number >= least && number <= most && number == Math.Floor(number)
            ? (int)number : throw new EngineException($"'{name}' is {number.ToString("R", CultureInfo.InvariantCulture)}; it must be a whole number from {least} to {most}.");
    }

    /// <summary>Numbers as whole numbers.</summary>
    public static int[] Integers(double[] numbers, string name) => Array.ConvertAll(numbers, n =>
        n >= int.MinValue && n <= int.MaxValue && n == Math.Floor(n) ? (int)n : throw new EngineException($"'{name}' holds something else than whole numbers."));

    private static EngineException Missing(string name) => new($"'{name}' is missing, or of the wrong kind.");
}
