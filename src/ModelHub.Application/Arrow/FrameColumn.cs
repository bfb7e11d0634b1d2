namespace ModelHub.Application.Arrow;

/// <summary>
/// A column of rows in memory: numbers (NaN: missing), truth values (as 0 and 1), times (as milliseconds since 1970), texts, or lists of
/// numbers.
/// </summary>
public sealed record FrameColumn(string Name, double[]? Numbers, string?[]? Texts, double[]?[]? Lists, bool IsTruth = false,
    bool IsTime = false)
{
    public int RowCount => Numbers?.Length ?? Texts?.Length ?? Lists!.Length;

    public static FrameColumn Of(string name, double[] numbers) => new(name, numbers, null, null);

    public static FrameColumn Of(string name, string?[] texts) => new(name, null, texts, null);

    public static FrameColumn Of(string name, double[]?[] lists) => new(name, null, null, lists);
}
