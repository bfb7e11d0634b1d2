namespace ModelHub.Infrastructure.Natives;

/// <summary>
/// Walks a model's protocol buffers down to every tensor and refuses what lies outside the file: the library would read it from the disk.
/// </summary>
internal static class OnnxInspector
{
    private const int Deepest = 40;

    private enum Kind
    {
        Model,
        Graph,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
        Function,
    }

    /// <exception cref="OnnxException">It names external data, nests too deep or breaks off.</exception>
    public static void RequireSelfContained(ReadOnlySpan<byte> model) => Walk(model, Kind.Model, 0);

    private static Kind? Child(Kind parent, ulong field) => (parent, field) switch
    {
        (Kind.Model, 7) => Kind.Graph,
        (Kind.Model, 25) => Kind.Function,
        (Kind.Graph, 1) => Kind.Node,
        (Kind.Graph, 5) => Kind.Tensor,
        (Kind.Graph, 15) => Kind.SparseTensor,
        (Kind.Function, 7) => Kind.Node,
        (Kind.Function, 11) => Kind.Attribute,
        (Kind.Node, 5) => Kind.Attribute,
        (Kind.Attribute, 5 or 10) => Kind.Tensor,
        (Kind.Attribute, 6 or 11) => Kind.Graph,
        (Kind.Attribute, 22 or 23) => Kind.SparseTensor,
        (Kind.SparseTensor, 1 or 2) => Kind.Tensor,
        _ => null,
    };

    private static void Walk(ReadOnlySpan<byte> bytes, Kind kind, int depth)
    {
        if (depth > Deepest)
            throw new OnnxException("The graph nests too deep.");
        while (OnnxMessage.Next(ref bytes, out var field, out var number, out var content))
        {
            if (kind == Kind.Tensor && (field == 13 || field == 14 && number != 0))
                throw new OnnxException("The model keeps data in other files (external data), which is not accepted; save it as one file.");
            if (Child(kind, field) is { } child)
                Walk(content, child, depth + 1);
        }
    }
}
