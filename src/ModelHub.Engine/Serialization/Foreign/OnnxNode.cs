using ModelHub.Engine.Serialization.Onnx;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>A node of a graph with one result. Its attributes are asked for by name and kind; one that nobody asks for is not understood.</summary>
internal sealed class OnnxNode
{
    private readonly Dictionary<string, Attribute> _attributes = new(StringComparer.Ordinal);
    private int _read;

    /// <exception cref="EngineException">It has no result or several, or holds something else than numbers and texts.</exception>
    public OnnxNode(ReadOnlySpan<byte> node)
    {
        var results = new List<string>();
        var seen = default(SeenFields);
        while (ProtobufReader.Next(ref node, out var field))
        {
            if (field.Number is not (1 or 2 or 5))
                seen.Once(field.Number);
            switch (field.Number)
            {
                case 1:
                    Inputs.Add(field.Text);
                    break;
                case 2:
                    results.Add(field.Text);
                    break;
                case 3 or 6:
                    _ = field.Text;
                    break;
                case 4:
                    Operation = field.Text;
                    break;
                case 5:
                    var attribute = new Attribute(field.Message);
                    if (!_attributes.TryAdd(attribute.Name, attribute))
                        throw OnnxFile.Unknown("attribute that comes twice");
                    break;
                case 7:
                    Domain = field.Text;
                    break;
                default:
                    throw OnnxFile.Unknown("node");
            }
        }
        Result = results is [{ Length: > 0 } only] ? only : throw OnnxFile.Unknown("node");
    }

    public string Operation { get; } = "";

    public string Domain { get; } = "";

    public List<string> Inputs { get; } = [];

    public string Result { get; }

    /// <summary>Whether every attribute was asked for.</summary>
    public bool IsRead => _read == _attributes.Count;

    public bool Has(string name) => _attributes.ContainsKey(name);

    public long Integer(string name) => Read(name, 2) is { Integers: [var number] } ? number : throw Missing(name);

    public float Single(string name) => Read(name, 1) is { Singles: [var number] } ? number : throw Missing(name);

    public string Word(string name) => Read(name, 3) is { Texts: [var word] } ? word : throw Missing(name);

    /// <summary>A list; an empty one where there is none.</summary>
    public List<float> Singles(string name) => Has(name) ? Read(name, 6).Singles : [];

    /// <summary>A list; an empty one where there is none.</summary>
    public List<long> Integers(string name) => Has(name) ? Read(name, 7).Integers : [];

    /// <summary>A list; an empty one where there is none.</summary>
    public List<string> Words(string name) => Has(name) ? Read(name, 8).Texts : [];

    private static EngineException Missing(string name) => OnnxFile.Unknown($"node without '{name}'");

    private Attribute Read(string name, int type)
    {
        var found = _attributes.GetValueOrDefault(name);
        if (found?.Type != type)
            throw Missing(name);
        _read += found.IsRead ? 0 : 1;
        found.IsRead = true;
        return found;
    }

    private sealed class Attribute
    {
        public Attribute(ReadOnlySpan<byte> attribute)
        {
            var seen = default(SeenFields);
            // Lists of long trees have few different words.
            var words = new Dictionary<string, string>(StringComparer.Ordinal);
            while (ProtobufReader.Next(ref attribute, out var field))
            {
                if (field.Number is not (7 or 8 or 9))
                    seen.Once(field.Number);
                switch (field.Number)
                {
                    case 1:
                        Name = field.Text;
                        break;
                    case 2:
                        Singles.Add(field.Single);
                        break;
                    case 3:
                        Integers.Add(field.Integer);
                        break;
                    case 4:
                        Texts.Add(field.Text);
                        break;
                    case 7:
                        field.AddTo(Singles);
                        break;
                    case 8:
                        field.AddTo(Integers);
                        break;
                    case 9:
                        var word = field.Text;
                        words.TryAdd(word, word);
                        Texts.Add(words[word]);
                        break;
                    case 13:
                        _ = field.Text;
                        break;
                    case 20:
                        Type = (int)field.Integer;
                        break;
                    default:
                        throw OnnxFile.Unknown("attribute");
                }
            }
            // Its type says which of its fields counts; there must not be another.
            if (Type is not (1 or 2 or 3 or 6 or 7 or 8) || Type is not (1 or 6) && Singles.Count > 0 || Type is not (2 or 7) && Integers.Count > 0
                || Type is not (3 or 8) && Texts.Count > 0)
                throw OnnxFile.Unknown("attribute");
        }

        public string Name { get; } = "";

        public int Type { get; }

        public List<float> Singles { get; } = [];

        public List<long> Integers { get; } = [];

        public List<string> Texts { get; } = [];

        public bool IsRead { get; set; }
    }
}
