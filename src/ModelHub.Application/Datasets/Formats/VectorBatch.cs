using System.Globalization;
using System.Text.Json;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>Vectors with identifiers and attributes, as the automl dialect adds them, into a columnar part.</summary>
public static class VectorBatch
{
    /// <summary>
    /// Writes a part with numeric columns f1..fN, a column <c>id</c> when there are identifiers, and a column per attribute. A dense
    /// vector is an array of <paramref name="dim"/> numbers (null is missing); a sparse one an object of index (from 1) and value, or an
    /// array of [index, value] pairs; what it does not name is 0.
    /// </summary>
    /// <param name="data">An array of vectors.</param>
    /// <param name="ids">An array of distinct strings, one per vector; null or absent for none.</param>
    /// <param name="attributes">An array of objects of strings, numbers and booleans, one per vector; null or absent for none.</param>
    /// <param name="kinds">Kinds by column name that are not to be inferred.</param>
    /// <exception cref="DatasetFormatException">The data is refused; the message names row and column.</exception>
    public static TableSchema Write(
        Stream output,
        int dim,
        bool sparse,
        JsonElement data,
        JsonElement? ids = null,
        JsonElement? attributes = null,
        IReadOnlyDictionary<string, ColumnKind>? kinds = null,
        ReadLimits? limits = null)
    {
        limits ??= ReadLimits.Default;
        if (dim < 1 || dim > limits.MaxColumns)
            throw new DatasetFormatException($"The dimension must be from 1 to {limits.MaxColumns}.");
        if (data.ValueKind != JsonValueKind.Array)
            throw new DatasetFormatException("The data must be an array of vectors.");
        CheckCount("ids", ids, data.GetArrayLength());
        CheckCount("attributes", attributes, data.GetArrayLength());
        // The part is built in memory: a batch came in one request, whose size is bounded.
        using var memory = new MemoryStream();
        var asText = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            memory.SetLength(0);
            var sink = new TableSink(new ColumnarWriter(memory), limits, new Dictionary<string, ColumnKind>(kinds ?? new Dictionary<string, ColumnKind>()), asText);
            Fill(sink, dim, sparse, data, ids, attributes);
            sink.Finish();
            if (sink.Conflicts.Count == 0)
                break;
            asText.UnionWith(sink.Conflicts);
        }
        memory.Position = 0;
        memory.CopyTo(output);
        using var set = ColumnarSet.Open(memory);
        return set.Schema;
    }

    private static void Fill(TableSink sink, int dim, bool sparse, JsonElement data, JsonElement? ids, JsonElement? attributes)
    {
        for (var i = 1; i <= dim; i++)
            sink.AddColumn($"f{i}", sparse, ColumnKind.Numeric);
        var extras = new RowExtras(sink, ids, attributes);
        foreach (var vector in data.EnumerateArray())
        {
            var row = sink.RowCount + 1;
            if (sparse)
                Sparse(sink, vector, dim, row);
            else
                Dense(sink, vector, dim, row);
            extras.Apply(row);
            sink.EndRow();
        }
        extras.Finish();
    }

    private static void Dense(TableSink sink, JsonElement vector, int dim, long row)
    {
        if (vector.ValueKind != JsonValueKind.Array)
            throw new DatasetFormatException("A dense vector is an array of numbers.", row);
        if (vector.GetArrayLength() != dim)
            throw new DatasetFormatException($"The vector has {vector.GetArrayLength()} values, the dimension is {dim}.", row);
        var at = 0;
        foreach (var value in vector.EnumerateArray())
            sink.Cell(at, Number(value, row, ++at));
    }

    private static void Sparse(TableSink sink, JsonElement vector, int dim, long row)
    {
        var seen = new HashSet<int>();
        if (vector.ValueKind == JsonValueKind.Object)
        {
            foreach (var entry in vector.EnumerateObject())
            {
                var known = int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var index);
                Entry(sink, known ? index : 0, entry.Value, dim, row, seen);
            }
            return;
        }
        if (vector.ValueKind != JsonValueKind.Array)
            throw new DatasetFormatException("A sparse vector is an object of index and value, or an array of [index, value] pairs.", row);
        foreach (var pair in vector.EnumerateArray())
        {
            if (pair.ValueKind != JsonValueKind.Array || pair.GetArrayLength() != 2)
                throw new DatasetFormatException("A sparse vector has entries [index, value].", row);
            var index = 0;
            var known = pair[0].ValueKind == JsonValueKind.Number && pair[0].TryGetInt32(out index);
            Entry(sink, known ? index : 0, pair[1], dim, row, seen);
        }
    }

    private static void Entry(TableSink sink, int index, JsonElement value, int dim, long row, HashSet<int> seen)
    {
        if (index < 1 || index > dim)
            throw new DatasetFormatException($"The indices of a sparse vector are whole numbers from 1 to {dim}.", row);
        if (!seen.Add(index))
            throw new DatasetFormatException($"Index {index} comes twice.", row);
        sink.Cell(index - 1, Number(value, row, index));
    }

    private static double Number(JsonElement value, long row, int position)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return double.NaN;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number))
            throw new DatasetFormatException("A vector holds numbers.", row, $"f{position}");
        return double.IsFinite(number) ? number : throw new DatasetFormatException("The number is infinite.", row, $"f{position}");
    }

    private static void CheckCount(string what, JsonElement? list, int rows)
    {
        if (list is not { } given || given.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
            return;
        if (given.ValueKind != JsonValueKind.Array)
            throw new DatasetFormatException($"The {what} must be an array.");
        if (given.GetArrayLength() != rows)
            throw new DatasetFormatException($"There are {given.GetArrayLength()} {what} for {rows} vectors.");
    }
}
