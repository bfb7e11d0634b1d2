using System.Text;

namespace ModelHub.Engine.Tests.Serialization;

/// <summary>Decodes the protobuf of an exported model and runs its graph for one row, in single precision as a runtime does.</summary>
internal sealed class OnnxInterpreter
{
    private readonly Dictionary<string, object> _constants = [];
    private readonly List<(string Op, List<string> In, List<string> Out, Dictionary<string, object> With)> _nodes = [];

    public OnnxInterpreter(byte[] model)
    {
        var graph = Fields(model).Single(f => f.Number == 7).Bytes;
        foreach (var field in Fields(graph))
        {
            if (field.Number == 1)
                ReadNode(field.Bytes);
            else if (field.Number == 5)
                ReadConstant(field.Bytes);
        }
    }

    /// <summary>Inputs and results: float[], long[] or string[] of one row.</summary>
    public Dictionary<string, object> Run(Dictionary<string, object> inputs)
    {
        var values = new Dictionary<string, object>(_constants.Concat(inputs));
        foreach (var node in _nodes)
        {
            object[] with = [.. node.In.Select(i => values[i])];
            if (node.Op == "TopK")
                (values[node.Out[0]], values[node.Out[1]]) = TopK((float[])with[0], (long[])with[1], (long)node.With["largest"] != 0);
            else
                values.Add(node.Out[0], Apply(node.Op, with, node.With));
        }
        return values;
    }

    private static object Apply(string op, object[] with, Dictionary<string, object> a)
    {
        var x = with[0] as float[] ?? [];
        var y = with.Length > 1 ? with[1] as float[] ?? [] : [];
        return op switch
        {
            "Identity" or "Squeeze" => with[0],
            "Greater" => x.Select(v => v > y[0] ? 1f : 0f).ToArray(),
            "Cast" => x.Select(v => (long)v).ToArray(),
            "Concat" => with.SelectMany(v => (float[])v).ToArray(),
            "Sum" => Enumerable.Range(0, x.Length).Select(i => with.Sum(v => ((float[])v)[i])).ToArray(),
            "Mul" => x.Select((v, i) => v * y[y.Length == 1 ? 0 : i]).ToArray(),
            "Div" => Enumerable.Range(0, Math.Max(x.Length, y.Length)).Select(i => x[x.Length == 1 ? 0 : i] / y[y.Length == 1 ? 0 : i]).ToArray(),
            "Add" => x.Select((v, i) => v + y[y.Length == 1 ? 0 : i]).ToArray(),
            "Clip" => x.Select(v => Math.Clamp(v, y[0], ((float[])with[2])[0])).ToArray(),
            "Sqrt" => x.Select(MathF.Sqrt).ToArray(),
            "Relu" => x.Select(v => Math.Max(v, 0)).ToArray(),
            "Sub" => Enumerable.Range(0, Math.Max(x.Length, y.Length)).Select(i => x[x.Length == 1 ? 0 : i] - y[y.Length == 1 ? 0 : i]).ToArray(),
            "Min" => x.Select(v => Math.Min(v, y[0])).ToArray(),
            "Max" => x.Select(v => Math.Max(v, y[0])).ToArray(),
            "Log" => x.Select(v => MathF.Log(v)).ToArray(),
            "ReduceSum" => new[] { x.Sum() },
            "ReduceMax" => new[] { x.Max() },
            "Gather" => ((long[])with[1]).Select(i => x[i]).ToArray(),
            "MatMul" => Enumerable.Range(0, y.Length / x.Length).Select(o => x.Select((v, i) => v * y[i * (y.Length / x.Length) + o]).Sum()).ToArray(),
            "Sigmoid" => x.Select(v => 1 / (1 + MathF.Exp(-v))).ToArray(),
            "Exp" => x.Select(MathF.Exp).ToArray(),
            "Softmax" => Softmax(x),
            "ArgMax" => new[] { (long)Array.IndexOf(x, x.Max()) },
            "ArrayFeatureExtractor" => ((long[])with[1]).Select(i => x[i]).ToArray(),
            "Imputer" => x.Select((v, i) => float.IsNaN(v) ? ((List<float>)a["imputed_value_floats"])[i] : v).ToArray(),
            "LabelEncoder" => Encode(with[0], a),
            "TreeEnsembleRegressor" => Trees(x, a),
            _ => throw new NotSupportedException(op),
        };
    }

    private static (float[] Values, long[] Indices) TopK(float[] x, long[] count, bool largest)
    {
        long[] at = [.. Enumerable.Range(0, x.Length).OrderBy(i => largest ? -x[i] : x[i]).ThenBy(i => i).Take((int)count[0])];
        return ([.. at.Select(i => x[i])], at);
    }

    private static float[] Softmax(float[] x)
    {
        var e = x.Select(v => MathF.Exp(v - x.Max())).ToArray();
        return [.. e.Select(v => v / e.Sum())];
    }

    private static object Encode(object value, Dictionary<string, object> a)
    {
        if (value is long[] classes)
            return classes.Select(c => ((List<string>)a["values_strings"])[((List<long>)a["keys_int64s"]).IndexOf(c)]).ToArray();
        var values = (List<float>)a["values_floats"];
        var at = value is string[] text ? ((List<string>)a["keys_strings"]).IndexOf(text[0]) : ((List<float>)a["keys_floats"]).FindIndex(k => k == ((float[])value)[0]);
        return new[] { at < 0 ? (float)a["default_float"] : values[at] };
    }

    private static float[] Trees(float[] row, Dictionary<string, object> a)
    {
        List<long> Longs(string name) => (List<long>)a[name];
        var (trees, nodes, features, yes, no) = (Longs("nodes_treeids"), Longs("nodes_nodeids"), Longs("nodes_featureids"), Longs("nodes_truenodeids"), Longs("nodes_falsenodeids"));
        var index = Enumerable.Range(0, trees.Count).ToDictionary(i => (trees[i], nodes[i]));
        var sums = ((List<float>)a["base_values"]).ToArray();
        foreach (var tree in trees.Distinct())
        {
            long node = 0;
            while (((List<string>)a["nodes_modes"])[index[(tree, node)]] is var mode && mode != "LEAF")
            {
                var at = index[(tree, node)];
                var value = row[features[at]];
                var threshold = ((List<float>)a["nodes_values"])[at];
                var holds = float.IsNaN(value) ? Longs("nodes_missing_value_tracks_true")[at] != 0 : mode == "BRANCH_EQ" ? value == threshold : value <= threshold;
                node = holds ? yes[at] : no[at];
            }
            for (var w = 0; w < Longs("target_ids").Count; w++)
            {
                if (Longs("target_treeids")[w] == tree && Longs("target_nodeids")[w] == node)
                    sums[Longs("target_ids")[w]] += ((List<float>)a["target_weights"])[w];
            }
        }
        return sums;
    }

    private void ReadNode(byte[] bytes)
    {
        var fields = Fields(bytes);
        var attributes = fields.Where(f => f.Number == 5).Select(f => Fields(f.Bytes)).ToDictionary(a => Text(a.Single(f => f.Number == 1)), ReadAttribute);
        _nodes.Add((Text(fields.Single(f => f.Number == 4)), [.. fields.Where(f => f.Number == 1).Select(Text)], [.. fields.Where(f => f.Number == 2).Select(Text)], attributes));
    }

    private static object ReadAttribute(List<Field> fields) => fields.Single(f => f.Number == 20).Integer switch
    {
        1 => BitConverter.Int32BitsToSingle((int)fields.Single(f => f.Number == 2).Integer),
        2 => fields.Single(f => f.Number == 3).Integer,
        3 => Text(fields.Single(f => f.Number == 4)),
        6 => fields.Where(f => f.Number == 7).Select(f => BitConverter.Int32BitsToSingle((int)f.Integer)).ToList(),
        7 => fields.Where(f => f.Number == 8).Select(f => f.Integer).ToList(),
        8 => fields.Where(f => f.Number == 9).Select(Text).ToList(),
        var other => throw new NotSupportedException(other.ToString(System.Globalization.CultureInfo.InvariantCulture)),
    };

    private void ReadConstant(byte[] bytes)
    {
        var fields = Fields(bytes);
        var raw = fields.Single(f => f.Number == 9).Bytes;
        object values = fields.Single(f => f.Number == 2).Integer == 1 ? new float[raw.Length / 4] : new long[raw.Length / 8];
        Buffer.BlockCopy(raw, 0, (Array)values, 0, raw.Length);
        _constants.Add(Text(fields.Single(f => f.Number == 8)), values);
    }

    private static string Text(Field field) => Encoding.UTF8.GetString(field.Bytes);

    private static List<Field> Fields(byte[] bytes)
    {
        var fields = new List<Field>();
        for (var at = 0; at < bytes.Length;)
        {
            var key = Varint(bytes, ref at);
            var number = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    fields.Add(new Field(number, (long)Varint(bytes, ref at), []));
                    break;
                case 5:
                    fields.Add(new Field(number, BitConverter.ToInt32(bytes, at), []));
                    at += 4;
                    break;
                default:
                    var length = (int)Varint(bytes, ref at);
                    fields.Add(new Field(number, 0, bytes[at..(at + length)]));
                    at += length;
                    break;
            }
        }
        return fields;
    }

    private static ulong Varint(byte[] bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            value |= (ulong)(bytes[at] & 127) << shift;
            if (bytes[at++] < 128)
                return value;
        }
    }

    private sealed record Field(int Number, long Integer, byte[] Bytes);
}
