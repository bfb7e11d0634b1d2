using System.Text;
using ModelHub.Engine.Serialization.Onnx;

namespace ModelHub.Infrastructure.Natives;

/// <summary>
/// The same graph with one input [N, k] in place of k inputs [N, 1] that it does nothing with but put them side by side: the library takes about a
/// microsecond for each input of each run. The input bears the name of what the graph's Concat gave, which falls away.
/// </summary>
/// <param name="Columns">The inputs that the matrix stands for, by column.</param>
internal sealed record OnnxMatrix(byte[] Model, string[] Columns)
{
    /// <summary>Whoever has a larger graph waits longer for it than for its inputs.</summary>
    private const int MostBytes = 64 << 20;

    private const int GraphField = 7;
    private const int NodeField = 1;
    private const int InputField = 11;

    /// <summary>Null when the graph has other inputs, or does anything else with them.</summary>
    /// <exception cref="OnnxException">The file breaks off.</exception>
    public static OnnxMatrix? Of(ReadOnlySpan<byte> model)
    {
        if (model.Length > MostBytes || OneGraph(model) is not { Length: > 0 } graph || Inputs(graph, out var type) is not { Length: > 1 } names)
            return null;
        if (Widened(type, names.Length) is not { } matrix || OnlyConcat(graph, names) is not { } features)
            return null;
        var written = new ProtobufWriter();
        for (var rest = model; rest is var at && OnnxMessage.Next(ref rest, out var field, out _, out _);)
        {
            if (field == GraphField)
                written.Message(GraphField, Rewritten(graph, features, matrix));
            else
                written.Raw(at[..^rest.Length]);
        }
        return new OnnxMatrix(written.ToArray(), names);
    }

    private static ReadOnlySpan<byte> OneGraph(ReadOnlySpan<byte> model)
    {
        ReadOnlySpan<byte> found = default;
        while (OnnxMessage.Next(ref model, out var field, out _, out var content))
        {
            if (field == GraphField && !found.IsEmpty)
                return default;
            found = field == GraphField ? content : found;
        }
        return found;
    }

    /// <summary>The inputs' names and their one type; null when they have several.</summary>
    private static string[]? Inputs(ReadOnlySpan<byte> graph, out ReadOnlySpan<byte> type)
    {
        type = default;
        var names = new List<string>();
        while (OnnxMessage.Next(ref graph, out var field, out _, out var input))
        {
            if (field != InputField)
                continue;
            var own = Member(input, 2);
            if (names.Count > 0 && !own.SequenceEqual(type))
                return null;
            type = own;
            names.Add(Text(input, 1));
        }
        return names.Distinct(StringComparer.Ordinal).Count() == names.Count ? [.. names] : null;
    }

    /// <summary>A tensor's type [N, 1] as [N, width]; null when it is another.</summary>
    private static ProtobufWriter? Widened(ReadOnlySpan<byte> type, int width)
    {
        var tensor = Member(type, 1);
        var shape = Member(tensor, 2);
        ReadOnlySpan<byte> first = default;
        var (sides, last) = (0, 0UL);
        while (OnnxMessage.Next(ref shape, out _, out _, out var side))
        {
            if (sides++ == 0)
                first = side;
            else if (OnnxMessage.Next(ref side, out var field, out last, out _) && field != 1)
                return null;
        }
        if (sides != 2 || last != 1)
            return null;
        var wide = new ProtobufWriter().Bytes(1, first).Message(1, new ProtobufWriter().Integer(1, width));
        return new ProtobufWriter().Message(1, new ProtobufWriter().Integer(1, (long)Number(tensor, 1)).Message(2, wide));
    }

    /// <summary>What the one node gives that reads the inputs, all of them in their order side by side; null when there is no such node, or another one
    /// reads an input, too, or might.</summary>
    private static string? OnlyConcat(ReadOnlySpan<byte> graph, string[] names)
    {
        string? features = null;
        var known = names.ToHashSet(StringComparer.Ordinal);
        for (var rest = graph; OnnxMessage.Next(ref rest, out var field, out _, out var content);)
        {
            if (field == NodeField && IsConcat(content, names))
            {
                if (features is not null)
                    return null;
                features = Text(content, 2);
            }
            else if (field == NodeField && IsTouching(content, known))
            {
                return null;
            }
            // Values that an input has by itself are named like it; those of few numbers keep their name deeper.
            else if (field == 15 || field == 5 && known.Contains(Text(content, 8)))
            {
                return null;
            }
        }
        while (features is not null && OnnxMessage.Next(ref graph, out var field, out _, out var output))
        {
            if (field == 12 && Text(output, 1) is var name && (name == features || known.Contains(name)))
                return null;
        }
        return features;
    }

    private static bool IsConcat(ReadOnlySpan<byte> node, string[] names)
    {
        if (Text(node, 4) != "Concat" || !Member(node, 7).IsEmpty)
            return false;
        var (at, isAlong) = (0, false);
        while (OnnxMessage.Next(ref node, out var field, out _, out var content))
        {
            if (field == 1 && (at == names.Length || names[at++] != Encoding.UTF8.GetString(content)))
                return false;
            isAlong |= field == 5 && Text(content, 1) == "axis" && (long)Number(content, 3) is 1 or -1;
        }
        return at == names.Length && isAlong;
    }

    /// <summary>Whether a node reads or gives one of some values, or holds a graph, which may.</summary>
    private static bool IsTouching(ReadOnlySpan<byte> node, HashSet<string> names)
    {
        while (OnnxMessage.Next(ref node, out var field, out _, out var content))
        {
            if (field is 1 or 2 && names.Contains(Encoding.UTF8.GetString(content)))
                return true;
            while (field == 5 && OnnxMessage.Next(ref content, out var part, out _, out _))
            {
                if (part is 6 or 11)
                    return true;
            }
        }
        return false;
    }

    private static ProtobufWriter Rewritten(ReadOnlySpan<byte> graph, string features, ProtobufWriter type)
    {
        var written = new ProtobufWriter().Message(InputField, new ProtobufWriter().Text(1, features).Message(2, type));
        for (var rest = graph; rest is var at && OnnxMessage.Next(ref rest, out var field, out _, out var content);)
        {
            // The Concat, the inputs, and what was noted of the Concat's result.
            if (field == NodeField && Text(content, 2) == features || field == InputField || field == 13 && Text(content, 1) == features)
                continue;
            written.Raw(at[..^rest.Length]);
        }
        return written;
    }

    private static string Text(ReadOnlySpan<byte> message, ulong wanted) => Encoding.UTF8.GetString(Member(message, wanted));

    /// <summary>The last field of a number, as protobuf has it.</summary>
    private static ReadOnlySpan<byte> Member(ReadOnlySpan<byte> message, ulong wanted)
    {
        ReadOnlySpan<byte> found = default;
        while (OnnxMessage.Next(ref message, out var field, out _, out var content))
            found = field == wanted ? content : found;
        return found;
    }

    private static ulong Number(ReadOnlySpan<byte> message, ulong wanted)
    {
        var found = 0UL;
        while (OnnxMessage.Next(ref message, out var field, out var number, out _))
            found = field == wanted ? number : found;
        return found;
    }
}
