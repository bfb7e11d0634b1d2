using System.Globalization;
using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>Input columns of models that were trained elsewhere.</summary>
internal static class ForeignInputs
{
    public const int MostFeatures = 100_000;

    /// <summary>Names as the file gives them, or a prefix and the feature's number.</summary>
    /// <exception cref="EngineException">The names do not fit, or repeat.</exception>
    public static List<InputColumn> Of(int features, string[] names, Func<int, InputColumn> describe, string prefix)
    {
        if (names.Length > 0 && names.Length != features)
            throw new EngineException($"The model reads {features} features and names {names.Length}.");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var inputs = new List<InputColumn>(features);
        for (var f = 0; f < features; f++)
        {
            var name = names.Length > 0 ? names[f] : prefix + f.ToString(CultureInfo.InvariantCulture);
            if (!seen.Add(name))
                throw new EngineException("Two features have the same name.");
            inputs.Add(describe(f) with { Name = name });
        }
        return inputs;
    }
}
