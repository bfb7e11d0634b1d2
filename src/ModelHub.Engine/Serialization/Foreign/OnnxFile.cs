using System.Runtime.InteropServices;
using ModelHub.Engine.Serialization.Onnx;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>An input or output of a graph: a tensor. A side is a number, or null for any.</summary>
internal sealed record OnnxValueType(string Name, int Element, IReadOnlyList<long?> Sides);

/// <summary>A constant of a graph: numbers of one of two types.</summary>
internal sealed record OnnxConstant(long[] Sides, float[]? Singles, long[]? Integers);

/// <summary>
/// An ONNX file as far as it is plain: one graph of nodes with one result each, constants in the file, attributes that are numbers, texts or lists of
/// them, operators of opset 13 to 22 and of ai.onnx.ml 1 to 4. Whatever else a file holds makes it none of these.
/// </summary>
internal sealed class OnnxFile
{
    public const int Single = 1;
    public const int Long = 7;
    public const int Text = 8;

    private readonly Dictionary<string, OnnxConstant> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OnnxNode> _nodes = new(StringComparer.Ordinal);

    /// <exception cref="EngineException">It holds something else, or is broken.</exception>
    public OnnxFile(ReadOnlySpan<byte> model)
    {
        ReadOnlySpan<byte> graph = default;
        var seen = default(SeenFields);
        var versions = new Dictionary<string, long>(StringComparer.Ordinal);
        while (ProtobufReader.Next(ref model, out var field))
        {
            switch (field.Number)
            {
                case 1 or 5:
                    _ = field.Integer;
                    break;
                case 2 or 3 or 4 or 6:
                    _ = field.Text;
                    break;
                case 14:
                    ReadNote(field.Message);
                    break;
                case 7:
                    seen.Once(7);
                    graph = field.Message;
                    break;
                case 8:
                    ReadVersion(field.Message, versions);
                    break;
                default:
                    throw Unknown("model");
            }
        }
        if (versions.GetValueOrDefault("") is < 13 or > 22 || versions.GetValueOrDefault("ai.onnx.ml", 1) is < 1 or > 4 || versions.Keys.Any(d => d is not ("" or "ai.onnx.ml")))
            throw Unknown("opset");
        ReadGraph(graph);
    }

    public List<OnnxValueType> Inputs { get; } = [];

    public List<OnnxValueType> Outputs { get; } = [];

    public int NodeCount => _nodes.Count;

    /// <summary>The node that gives a value.</summary>
    public OnnxNode Giving(string value) => _nodes.GetValueOrDefault(value) ?? throw Unknown($"value '{value}'");

    public OnnxConstant Constant(string value) => _constants.GetValueOrDefault(value) ?? throw Unknown($"constant '{value}'");

    public static EngineException Unknown(string what) => new($"The {what} has no form here.");

    /// <summary>What is of no matter has to be sound, too.</summary>
    private static void ReadNote(ReadOnlySpan<byte> note)
    {
        while (ProtobufReader.Next(ref note, out var field))
            _ = field.Number is 1 or 2 ? field.Text : throw Unknown("note");
    }

    private static void ReadVersion(ReadOnlySpan<byte> import, Dictionary<string, long> versions)
    {
        var (domain, version) = ("", 0L);
        var seen = default(SeenFields);
        while (ProtobufReader.Next(ref import, out var field))
        {
            seen.Once(field.Number);
            if (field.Number == 1)
                domain = field.Text;
            else if (field.Number == 2)
                version = field.Integer;
            else
                throw Unknown("opset");
        }
        if (!versions.TryAdd(domain == "ai.onnx" ? "" : domain, version))
            throw Unknown("opset");
    }

    private void ReadGraph(ReadOnlySpan<byte> graph)
    {
        while (ProtobufReader.Next(ref graph, out var field))
        {
            switch (field.Number)
            {
                case 1:
                    var node = new OnnxNode(field.Message);
                    if (!_nodes.TryAdd(node.Result, node))
                        throw Unknown("value that two nodes give");
                    break;
                case 2 or 10:
                    _ = field.Text;
                    break;
                case 13:
                    ReadType(field.Message);
                    break;
                case 5:
                    AddConstant(field.Message);
                    break;
                case 11:
                    Inputs.Add(ReadType(field.Message));
                    break;
                case 12:
                    Outputs.Add(ReadType(field.Message));
                    break;
                default:
                    throw Unknown("graph");
            }
        }
        var names = Inputs.Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        if (names.Count != Inputs.Count || names.Overlaps(_constants.Keys) || names.Overlaps(_nodes.Keys) || _constants.Keys.Any(_nodes.ContainsKey)
            || Outputs.Select(o => o.Name).Distinct(StringComparer.Ordinal).Count() != Outputs.Count)
            throw Unknown("value of two origins");
    }

    private static OnnxValueType ReadType(ReadOnlySpan<byte> value)
    {
        var (name, element) = ("", 0L);
        var sides = new List<long?>();
        var seen = default(SeenFields);
        while (ProtobufReader.Next(ref value, out var field))
        {
            seen.Once(field.Number);
            if (field.Number == 1)
                name = field.Text;
            else if (field.Number == 2)
                element = ReadTensorType(Only(field.Message, 1), sides);
            else
                _ = field.Number == 3 ? field.Text : throw Unknown("value");
        }
        return new OnnxValueType(name, (int)element, sides);
    }

    private static long ReadTensorType(ReadOnlySpan<byte> tensor, List<long?> sides)
    {
        var element = 0L;
        var seen = default(SeenFields);
        while (ProtobufReader.Next(ref tensor, out var field))
        {
            seen.Once(field.Number);
            if (field.Number == 1)
            {
                element = field.Integer;
                continue;
            }
            if (field.Number != 2)
                throw Unknown("type");
            for (var shape = field.Message; ProtobufReader.Next(ref shape, out var side);)
                sides.Add(side.Number == 1 ? ReadSide(side.Message) : throw Unknown("shape"));
        }
        return element;
    }

    private static long? ReadSide(ReadOnlySpan<byte> side) =>
        !ProtobufReader.Next(ref side, out var field) || field.Number == 2 && side.IsEmpty ? null
        : field.Number == 1 && side.IsEmpty ? field.Integer : throw Unknown("side");

    /// <summary>The message that is all that another one holds.</summary>
    private static ReadOnlySpan<byte> Only(ReadOnlySpan<byte> message, ulong number) =>
        ProtobufReader.Next(ref message, out var field) && field.Number == number && message.IsEmpty ? field.Message : throw Unknown("type");

    private void AddConstant(ReadOnlySpan<byte> tensor)
    {
        var (name, type) = ("", 0L);
        var (sides, singles, integers) = (new List<long>(), new List<float>(), new List<long>());
        var seen = default(SeenFields);
        while (ProtobufReader.Next(ref tensor, out var field))
        {
            if (field.Number is not (1 or 4 or 7))
                seen.Once(field.Number);
            switch (field.Number)
            {
                case 1:
                    field.AddTo(sides);
                    break;
                case 2:
                    type = field.Integer;
                    break;
                case 4:
                    field.AddTo(singles);
                    break;
                case 7:
                    field.AddTo(integers);
                    break;
                case 8:
                    name = field.Text;
                    break;
                case 9 when type == Single && field.Message.Length % sizeof(float) == 0:
                    singles.AddRange(MemoryMarshal.Cast<byte, float>(field.Message));
                    break;
                case 9 when type == Long && field.Message.Length % sizeof(long) == 0:
                    integers.AddRange(MemoryMarshal.Cast<byte, long>(field.Message));
                    break;
                default:
                    throw Unknown("constant");
            }
        }
        var size = sides.Aggregate(1L, (all, side) => side is >= 0 and <= int.MaxValue ? checked(all * side) : throw Unknown("constant"));
        var fits = type == Single ? singles.Count == size && integers.Count == 0 : type == Long && integers.Count == size && singles.Count == 0;
        if (!fits || !_constants.TryAdd(name, new OnnxConstant([.. sides], type == Single ? [.. singles] : null, type == Long ? [.. integers] : null)))
            throw Unknown("constant");
    }
}

/// <summary>Fields that may come only once: which of two would count is for others to say.</summary>
internal struct SeenFields
{
    private ulong _seen;

    public void Once(ulong number)
    {
        if (number > 63 || (_seen >> (int)number & 1) != 0)
            throw OnnxFile.Unknown("field that comes twice");
        _seen |= 1UL << (int)number;
    }
}
