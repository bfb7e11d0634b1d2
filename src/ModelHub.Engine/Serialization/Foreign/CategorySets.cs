namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>The sets of categories of an XGBoost tree, by node, as bits.</summary>
internal static class CategorySets
{
    /// <summary>Beyond these codes XGBoost itself sees no category.</summary>
    private const int MostCodes = 1 << 24;

    /// <summary>Null for a tree without any.</summary>
    public static Dictionary<int, uint[]>? Of(Dictionary<string, object?> tree, int nodes)
    {
        var owners = ModelDocument.Integers(tree.NumbersOrNull("categories_nodes") ?? [], "categories_nodes");
        if (owners.Length == 0)
            return null;
        var starts = ModelDocument.Integers(tree.Numbers("categories_segments"), "categories_segments");
        var sizes = ModelDocument.Integers(tree.Numbers("categories_sizes"), "categories_sizes");
        var codes = ModelDocument.Integers(tree.Numbers("categories"), "categories");
        if (starts.Length != owners.Length || sizes.Length != owners.Length)
            throw new EngineException("Its sets of categories differ in length.");
        var sets = new Dictionary<int, uint[]>();
        var words = 0L;
        for (var i = 0; i < owners.Length; i++)
        {
            if (owners[i] < 0 || owners[i] >= nodes || starts[i] < 0 || sizes[i] <= 0 || starts[i] > codes.Length - sizes[i])
                throw new EngineException("A set of categories lies outside.");
            var own = codes.AsSpan(starts[i], sizes[i]);
            var largest = 0;
            foreach (var code in own)
                largest = code is >= 0 and < MostCodes ? Math.Max(largest, code) : throw new EngineException($"The category {code} is out of range.");
            // One far code would otherwise cost a whole megabyte each.
            if ((words += largest / 32 + 1) > 1 << 22)
                throw new EngineException("Its sets of categories are too large.");
            var bits = new uint[largest / 32 + 1];
            foreach (var code in own)
                bits[code >> 5] |= 1u << (code & 31);
            if (!sets.TryAdd(owners[i], bits))
                throw new EngineException("A node has two sets of categories.");
        }
        return sets;
    }
}
