namespace ModelHub.Application.Arrow;

/// <summary>Decoded values of a column: of one of the kinds of a <see cref="FrameColumn"/>.</summary>
internal sealed record ArrowValues(double[]? Numbers, string?[]? Texts, double[]?[]? Lists)
{
    public bool IsTruth { get; init; }

    public int Count => Numbers?.Length ?? Texts?.Length ?? Lists!.Length;

    public static ArrowValues Of(double[] numbers) => new(numbers, null, null);

    public static ArrowValues Of(string?[] texts) => new(null, texts, null);

    public static ArrowValues Of(double[]?[] lists) => new(null, null, lists);

    /// <summary>The values that some indices name; NaN names a missing one.</summary>
    /// <exception cref="InvalidDataException">An index is beyond the values.</exception>
    public ArrowValues Pick(double[] indices)
    {
        foreach (var index in indices)
        {
            if (index < 0 || index >= Count)
                throw new InvalidDataException("An index is beyond its dictionary.");
        }
        return this with
        {
            Numbers = Numbers is null ? null : [.. indices.Select(i => double.IsNaN(i) ? double.NaN : Numbers[(int)i])],
            Texts = Texts is null ? null : [.. indices.Select(i => double.IsNaN(i) ? null : Texts[(int)i])],
            Lists = Lists is null ? null : [.. indices.Select(i => double.IsNaN(i) ? null : Lists[(int)i])],
        };
    }

    /// <summary>Values of one kind, one after the other.</summary>
    public static ArrowValues Concat(IReadOnlyList<ArrowValues> parts) => parts.Count == 1 ? parts[0] : parts[0] with
    {
        Numbers = parts[0].Numbers is null ? null : [.. parts.SelectMany(p => p.Numbers!)],
        Texts = parts[0].Texts is null ? null : [.. parts.SelectMany(p => p.Texts!)],
        Lists = parts[0].Lists is null ? null : [.. parts.SelectMany(p => p.Lists!)],
    };

    public static FrameColumn Join(string name, IReadOnlyList<ArrowValues> parts)
    {
        if (parts.Count == 0)
            return FrameColumn.Of(name, Array.Empty<double>());
        var all = Concat(parts);
        return new FrameColumn(name, all.Numbers, all.Texts, all.Lists, all.IsTruth);
    }
}
