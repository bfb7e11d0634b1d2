using ModelHub.Engine.Preparation;

namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>
/// The preparation as a graph, one input [N, 1] per column, named like it: numbers and truth values (1 and 0) are float, NaN is missing;
/// categories are strings, an empty or unknown one is missing; dates are double, seconds since 1970-01-01 UTC, NaN is missing.
/// </summary>
internal static class OnnxInputs
{
    /// <returns>The features, N × features.</returns>
    /// <exception cref="EngineException">A column's preparation has no ONNX form.</exception>
    public static string Add(OnnxGraph graph, IReadOnlyList<InputColumn> inputs)
    {
        foreach (var input in inputs)
        {
            if (input.Encoding == Encoding.DateParts)
                graph.AddInput(input.Name, OnnxGraph.DoubleType, 1);
            else
                graph.AddInput(input.Name, input.Encoding == Encoding.Category, 1);
        }
        var features = new List<string>();
        foreach (var input in inputs)
        {
            switch (input.Encoding)
            {
                case Encoding.Number:
                    features.Add(input.Name);
                    break;
                case Encoding.Category:
                    features.Add(Encode(graph, input.Name, input.Levels!));
                    break;
                case Encoding.DateParts:
                    features.AddRange(AddDate(graph, input.Name));
                    break;
                default:
                    throw new EngineException($"The column '{input.Name}' is prepared as {input.Encoding}, which has no ONNX form.");
            }
        }
        return graph.AddNode("Concat", features, null, null, OnnxGraph.Attribute("axis", 1L));
    }

    /// <summary>Texts to codes; an unknown or empty one is missing.</summary>
    public static string Encode(OnnxGraph graph, string input, IReadOnlyList<string> levels) =>
        graph.AddNode("LabelEncoder", [input], "ai.onnx.ml", null, OnnxGraph.Attribute("keys_strings", levels.DefaultIfEmpty("")),
            OnnxGraph.Attribute("values_floats", levels.Count == 0 ? [float.NaN] : Enumerable.Range(0, levels.Count).Select(k => (float)k)),
            OnnxGraph.Attribute("default_float", float.NaN));

    /// <summary>Days, month, weekday and hour of a moment; the month by days of eras of 400 years, counted from March (Hinnant, chrono-compatible
    /// low-level date algorithms). Everything is double, so that NaN goes through by itself.</summary>
    private static string[] AddDate(OnnxGraph graph, string seconds)
    {
        string Constant(double value) => graph.AddConstant(value);
        string Apply(string operation, string a, string b) => graph.AddNode(operation, [a, b]);
        string Whole(string a, double divisor) => graph.AddNode("Floor", [Apply("Div", a, Constant(divisor))]);
        string Rest(string a, double divisor) => Apply("Sub", a, Apply("Mul", Whole(a, divisor), Constant(divisor)));
        string Single(string a) => graph.AddNode("Cast", [a], null, null, OnnxGraph.Attribute("to", 1L));

        var far = Apply("Greater", graph.AddNode("Abs", [seconds]), Constant(6e10));
        var known = graph.AddNode("Where", [far, Constant(double.NaN), seconds]);
        var day = Whole(known, 86400);
        var ofEra = Rest(Apply("Add", day, Constant(719468)), 146097);
        var leap = Apply("Sub", Apply("Add", Apply("Sub", ofEra, Whole(ofEra, 1460)), Whole(ofEra, 36524)), Whole(ofEra, 146096));
        var year = Whole(leap, 365);
        var before = Apply("Sub", Apply("Add", Apply("Mul", year, Constant(365)), Whole(year, 4)), Whole(year, 100));
        var ofYear = Apply("Sub", ofEra, before);
        var fromMarch = Whole(Apply("Add", Apply("Mul", ofYear, Constant(5)), Constant(2)), 153);
        var month = Apply("Add", Rest(Apply("Add", fromMarch, Constant(2)), 12), Constant(1));
        return
        [
            Single(Apply("Div", known, Constant(86400))), Single(month), Single(Rest(Apply("Add", day, Constant(4)), 7)),
            Single(Whole(Rest(known, 86400), 3600)),
        ];
    }
}
