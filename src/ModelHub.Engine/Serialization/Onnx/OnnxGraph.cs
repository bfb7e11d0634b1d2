namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>A graph under construction: inputs, nodes, constants and outputs of an ONNX model (IR 8, opset 17, ai.onnx.ml 3).</summary>
internal sealed class OnnxGraph
{
    private const int FloatType = 1;
    private const int IntegerType = 7;
    private const int TextType = 8;
    private readonly ProtobufWriter _graph = new();
    private int _named;

    public string AddNode(string operation, IEnumerable<string> inputs, string? domain = null, string? output = null, params ProtobufWriter[] attributes)
    {
        output ??= "t" + _named++;
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

    public string AddConstant(float[] values, params long[] shape)
    {
        var name = "c" + _named++;
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
        var name = "c" + _named++;
        var raw = new byte[values.Length * 8];
        Buffer.BlockCopy(Array.ConvertAll(values, v => (long)v), 0, raw, 0, raw.Length);
        _graph.Message(5, new ProtobufWriter().Integer(1, values.Length).Integer(2, IntegerType).Text(8, name).Bytes(9, raw));
        return name;
    }

    public void AddInput(string name, bool text, int width) => _graph.Message(11, Value(name, text ? TextType : FloatType, width));

    public void AddOutput(string name, int width) => _graph.Message(12, Value(name, FloatType, width));

    public void AddLabelOutput(string name, bool text) => _graph.Message(12, Value(name, text ? TextType : IntegerType, 0));

    public byte[] ToModel() => new ProtobufWriter().Integer(1, 8).Text(2, "ModelHub").Message(7, _graph.Text(2, "model"))
        .Message(8, new ProtobufWriter().Text(1, "").Integer(2, 17)).Message(8, new ProtobufWriter().Text(1, "ai.onnx.ml").Integer(2, 3)).ToArray();

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

    private static ProtobufWriter Value(string name, int type, int width)
    {
        var shape = new ProtobufWriter().Message(1, new ProtobufWriter().Text(2, "N"));
        if (width > 0)
            shape.Message(1, new ProtobufWriter().Integer(1, width));
        var tensor = new ProtobufWriter().Integer(1, type).Message(2, shape);
        return new ProtobufWriter().Text(1, name).Message(2, new ProtobufWriter().Message(1, tensor));
    }
}
