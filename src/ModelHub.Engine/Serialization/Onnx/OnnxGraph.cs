namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>A graph under construction: inputs, nodes, constants and outputs of an ONNX model (IR 8, opset 17, ai.onnx.ml 3).</summary>
internal sealed class OnnxGraph
{
    public const int DoubleType = 11;
    private const int FloatType = 1;
    private const int IntegerType = 7;
    private const int TextType = 8;
    private readonly ProtobufWriter _graph = new();
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly List<(string Key, string Value)> _notes = [];
    private int _named;

    public string AddNode(string operation, IEnumerable<string> inputs, string? domain = null, string? output = null, params ProtobufWriter[] attributes)
    {
        output ??= NewName("t");
        var node = new ProtobufWriter();
        foreach (var input in inputs)
            node.Text(1, input);
        node.Text(2, output).Text(3, "n_" + output).Text(4, operation);
        foreach (var attribute in attributes)
            node.Message(5, attribute);
        if (domain is not null)
            node.Text(7, domain);
        _graph.Message(1, node);
        return output;
    }

    /// <summary>The smallest or largest of each row, in order, and where they are; of equal ones the first come first.</summary>
    public (string Values, string Indices) AddTopK(string values, int count, bool largest)
    {
        var (first, second) = (NewName("t"), NewName("t"));
        _graph.Message(1, new ProtobufWriter().Text(1, values).Text(1, AddIndices([count])).Text(2, first).Text(2, second).Text(3, "n_" + first).Text(4, "TopK")
            .Message(5, Attribute("axis", 1L)).Message(5, Attribute("largest", largest ? 1L : 0L)).Message(5, Attribute("sorted", 1L)));
        return (first, second);
    }

    public string AddConstant(float[] values, params long[] shape)
    {
        var name = NewName("c");
        var tensor = new ProtobufWriter();
        foreach (var side in shape)
            tensor.Integer(1, side);
        var raw = new byte[values.Length * 4];
        Buffer.BlockCopy(values, 0, raw, 0, raw.Length);
        _graph.Message(5, tensor.Integer(2, FloatType).Text(8, name).Bytes(9, raw));
        return name;
    }

    public string AddIndices(int[] values)
    {
        var name = NewName("c");
        var raw = new byte[values.Length * 8];
        Buffer.BlockCopy(Array.ConvertAll(values, v => (long)v), 0, raw, 0, raw.Length);
        _graph.Message(5, new ProtobufWriter().Integer(1, values.Length).Integer(2, IntegerType).Text(8, name).Bytes(9, raw));
        return name;
    }

    /// <summary>A constant in double precision, for what single precision cannot hold.</summary>
    public string AddConstant(double value)
    {
        var name = NewName("c");
        _graph.Message(5, new ProtobufWriter().Integer(1, 1).Integer(1, 1).Integer(2, DoubleType).Text(8, name).Bytes(9, BitConverter.GetBytes(value)));
        return name;
    }

    /// <summary>All inputs are added before anything else, so that no name of the graph's own can be one of theirs.</summary>
    public void AddInput(string name, bool text, int width) => AddInput(name, text ? TextType : FloatType, width);

    public void AddInput(string name, int type, int width)
    {
        _taken.Add(name);
        _graph.Message(11, Value(name, type, width));
    }

    /// <summary>The name of an output: the one that is wanted, or with lines behind it while an input is called so.</summary>
    public string OutputName(string wanted)
    {
        while (_taken.Contains(wanted))
            wanted += "_";
        return wanted;
    }

    public void AddOutput(string name, int width) => _graph.Message(12, Value(name, FloatType, width));

    public void AddLabelOutput(string name, bool text) => _graph.Message(12, Value(name, text ? TextType : IntegerType, 0));

    /// <summary>A word about the model that goes into the file.</summary>
    public void Note(string key, string value) => _notes.Add((key, value));

    public byte[] ToModel()
    {
        var model = new ProtobufWriter().Integer(1, 8).Text(2, "ModelHub").Message(7, _graph.Text(2, "model"))
            .Message(8, new ProtobufWriter().Text(1, "").Integer(2, 17)).Message(8, new ProtobufWriter().Text(1, "ai.onnx.ml").Integer(2, 3));
        foreach (var (key, value) in _notes)
            model.Message(14, new ProtobufWriter().Text(1, key).Text(2, value));
        return model.ToArray();
    }

    public static ProtobufWriter Attribute(string name, long value) => new ProtobufWriter().Text(1, name).Integer(3, value).Integer(20, 2);

    public static ProtobufWriter Attribute(string name, float value) => new ProtobufWriter().Text(1, name).Single(2, value).Integer(20, 1);

    public static ProtobufWriter Attribute(string name, string value) => new ProtobufWriter().Text(1, name).Text(4, value).Integer(20, 3);

    public static ProtobufWriter Attribute(string name, IEnumerable<float> values)
    {
        var attribute = new ProtobufWriter().Text(1, name);
        foreach (var value in values)
            attribute.Single(7, value);
        return attribute.Integer(20, 6);
    }

    public static ProtobufWriter Attribute(string name, IEnumerable<long> values)
    {
        var attribute = new ProtobufWriter().Text(1, name);
        foreach (var value in values)
            attribute.Integer(8, value);
        return attribute.Integer(20, 7);
    }

    public static ProtobufWriter Attribute(string name, IEnumerable<string> values)
    {
        var attribute = new ProtobufWriter().Text(1, name);
        foreach (var value in values)
            attribute.Text(9, value);
        return attribute.Integer(20, 8);
    }

    private string NewName(string start)
    {
        string name;
        do
            name = start + _named++;
        while (_taken.Contains(name));
        return name;
    }

    private static ProtobufWriter Value(string name, int type, int width)
    {
        var shape = new ProtobufWriter().Message(1, new ProtobufWriter().Text(2, "N"));
        if (width > 0)
            shape.Message(1, new ProtobufWriter().Integer(1, width));
        var tensor = new ProtobufWriter().Integer(1, type).Message(2, shape);
        return new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(1, tensor));
    }
}
