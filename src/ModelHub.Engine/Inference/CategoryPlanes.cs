using ModelHub.Engine.Trees;

namespace ModelHub.Engine.Inference;

/// <summary>
/// For every categorical split of a forest whether a row goes left (0) or right (1), written down beforehand for every code: preparing a row
/// is then one copy per categorical feature.
/// </summary>
internal sealed class CategoryPlanes
{
    private const int MostNumbers = 1 << 22;
    private readonly Table?[] _tables;

    /// <param name="most">Planes at most; with more, or with tables that would be too large, there are none.</param>
    public CategoryPlanes(Forest forest, int most)
    {
        _tables = new Table?[forest.FeatureCount];
        foreach (var tree in forest.Trees)
        {
            for (var node = 0; node < tree.NodeCount; node++)
            {
                if (tree.Feature[node] < 0 || tree.CategoryOffset[node] < 0)
                    continue;
                var table = _tables[tree.Feature[node]] ??= new Table();
                table.Splits++;
                table.Codes = Math.Max(table.Codes, 32 * tree.CategoryWords[node]);
            }
        }
        var numbers = 0L;
        foreach (var table in _tables.OfType<Table>())
        {
            table.Start = Count;
            Count += table.Splits;
            numbers += (table.Codes + 2L) * table.Splits;
        }
        Fit = Count <= most && numbers <= MostNumbers;
        if (!Fit)
            (Count, _tables) = (0, []);
        foreach (var table in _tables.OfType<Table>())
            table.Sides = new int[(table.Codes + 2) * table.Splits];
    }

    /// <summary>Whether splits of categories can be laid out at all.</summary>
    public bool Fit { get; }

    public int Count { get; }

    /// <summary>Fills the next plane of a split's feature; returns its number.</summary>
    public int Take(Tree tree, int node)
    {
        var table = _tables[tree.Feature[node]]!;
        var at = table.Taken++;
        // The last two rows are for codes beyond all sets and for missing ones.
        for (var code = 0; code <= table.Codes + 1; code++)
            table.Sides[code * table.Splits + at] = tree.GoesLeft(node, code > table.Codes ? float.NaN : code) ? 0 : 1;
        return table.Start + at;
    }

    /// <summary>Copies the planes of a row.</summary>
    public void Write(ReadOnlySpan<float> row, Span<int> planes)
    {
        for (var f = 0; f < _tables.Length; f++)
        {
            if (_tables[f] is not { } table)
                continue;
            var code = (int)row[f];
            var line = float.IsNaN(row[f]) ? table.Codes + 1 : code >= 0 && code < table.Codes ? code : table.Codes;
            table.Sides.AsSpan(line * table.Splits, table.Splits).CopyTo(planes[table.Start..]);
        }
    }

    private sealed class Table
    {
        public int Splits;
        public int Codes;
        public int Start;
        public int Taken;

        /// <summary>Per code a side per split.</summary>
        public int[] Sides = [];
    }
}
