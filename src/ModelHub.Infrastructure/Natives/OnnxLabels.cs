using System.Globalization;
using System.Text;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;

namespace ModelHub.Infrastructure.Natives;

/// <summary>
/// Whether a graph is a classifier, by its signature: labels beside probabilities, or maps from class to probability. Its classes are those
/// that a node lists (the operators of ONNX-ML do), else the numbers from 0 on.
/// </summary>
internal static class OnnxLabels
{
    private const int MostClasses = 10_000;
    private static readonly string[] Attributes = ["classlabels_strings", "classlabels_int64s", "classlabels_ints"];

    /// <summary>Null when the graph is no classifier.</summary>
    /// <exception cref="OnnxException">It is one, and does not say of how many classes.</exception>
    public static ModelTarget? TargetOf(OnnxPort[] outputs, ReadOnlySpan<byte> model)
    {
        var maps = outputs.FirstOrDefault(o => o.Type == 0);
        var hasLabels = outputs.Any(o => o.Type is OnnxColumns.Text or OnnxColumns.Long or OnnxColumns.Integer && IsColumn(o));
        var table = outputs.FirstOrDefault(o => o.Type is OnnxColumns.Single or OnnxColumns.Double && o.Shape.Length == 2 && o.Shape[1] != 1);
        if (maps is null && (!hasLabels || table is null))
            return null;
        var classes = Listed(model);
        if (classes.Count < 2 && table is { Shape: [_, > 1 and <= MostClasses and var width] })
            classes = [.. Enumerable.Range(0, (int)width).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        return classes.Count switch
        {
            0 or 1 => throw new OnnxException("It is a classifier that does not name its classes."),
            2 => new ModelTarget(TaskKind.Binary, "target", classes),
            _ => new ModelTarget(TaskKind.Multiclass, "target", classes),
        };
    }

    private static bool IsColumn(OnnxPort port) => port.Shape.Length == 1 || port.Shape.Length == 2 && port.Shape[1] == 1;

    /// <summary>The classes of the last node of the outer graph that lists any.</summary>
    private static List<string> Listed(ReadOnlySpan<byte> model)
    {
        List<string> found = [];
        while (OnnxMessage.Next(ref model, out var field, out _, out var graph))
        {
            while (field == 7 && OnnxMessage.Next(ref graph, out var part, out _, out var node))
            {
                while (part == 1 && OnnxMessage.Next(ref node, out var member, out _, out var attribute))
                {
                    if (member == 5 && ClassesOf(attribute) is { Count: > 0 } classes)
                        found = classes;
                }
            }
        }
        return found;
    }

    private static List<string>? ClassesOf(ReadOnlySpan<byte> attribute)
    {
        List<string> classes = [];
        var isLabels = false;
        for (var rest = attribute; OnnxMessage.Next(ref rest, out var field, out _, out var value);)
            isLabels = field == 1 ? Attributes.Contains(Encoding.UTF8.GetString(value)) : isLabels;
        // The lists of a forest's nodes are as long as it is large.
        if (!isLabels)
            return null;
        while (OnnxMessage.Next(ref attribute, out var field, out var number, out var value))
        {
            if (field == 9)
                classes.Add(Encoding.UTF8.GetString(value));
            else if (field == 8 && value.IsEmpty)
                classes.Add(Text(number));
            while (field == 8 && !value.IsEmpty)
                classes.Add(Text(OnnxMessage.Varint(ref value)));
            if (classes.Count > MostClasses)
                throw new OnnxException($"It has more than {MostClasses} classes.");
        }
        return classes.Distinct(StringComparer.Ordinal).Count() == classes.Count ? classes : null;
    }

    private static string Text(ulong number) => ((long)number).ToString(CultureInfo.InvariantCulture);
}
