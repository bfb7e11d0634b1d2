using System.Text;
using System.Text.Json;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>Identifiers and attributes that are given beside the rows of a file or a batch: one more column each.</summary>
internal sealed class RowExtras
{
    private readonly TableSink _sink;
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly string[]? _ids;
    private readonly JsonElement[]? _attributes;
    private readonly int _id = -1;

    public RowExtras(TableSink sink, JsonElement? ids, JsonElement? attributes)
    {
        _sink = sink;
        _ids = ids is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } list ? Ids(list) : null;
        _attributes = attributes is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } objects ? Objects(objects) : null;
        if (_ids is not null)
            _id = sink.AddColumn("id", sparse: false, ColumnKind.Id);
    }

    /// <summary>Gives the cells of 1-based row <paramref name="row"/>, before the row is ended.</summary>
    public void Apply(long row)
    {
        if (_ids is not null)
        {
            if (row > _ids.Length)
                throw new DatasetFormatException($"There are {_ids.Length} ids, but more rows.");
            var id = _ids[row - 1];
            if (!_seen.Add(id))
                throw new DatasetFormatException($"The id '{DatasetFormatException.Shortened(id)}' comes twice.", row, "id");
            _sink.Cell(_id, Encoding.UTF8.GetBytes(id));
        }
        if (_attributes is null)
            return;
        if (row > _attributes.Length)
            throw new DatasetFormatException($"There are attributes for {_attributes.Length} rows, but more rows.");
        foreach (var attribute in _attributes[row - 1].EnumerateObject())
            Attribute(attribute.Name, attribute.Value, row);
    }

    /// <summary>Checks that there was a row for each of them.</summary>
    public void Finish()
    {
        if (_ids is not null && _ids.Length != _sink.RowCount)
            throw new DatasetFormatException($"There are {_ids.Length} ids for {_sink.RowCount} rows.");
        if (_attributes is not null && _attributes.Length != _sink.RowCount)
            throw new DatasetFormatException($"There are attributes for {_attributes.Length} of {_sink.RowCount} rows.");
    }

    private void Attribute(string name, JsonElement value, long row)
    {
        if (name.Length == 0)
            throw new DatasetFormatException("An attribute has no name.", row);
        if (name == "id" && _ids is not null)
            throw new DatasetFormatException("An attribute may not be called 'id' when there are ids.", row);
        var column = _sink.Find(name);
        if (column < 0)
            column = _sink.AddColumn(name);
        if (value.ValueKind == JsonValueKind.Null)
            return;
        if (value.ValueKind == JsonValueKind.String)
        {
            _sink.Cell(column, Encoding.UTF8.GetBytes(JsonText.StringOf(value, row, name)));
            return;
        }
        _sink.Cell(column, value.ValueKind switch
        {
            JsonValueKind.True => "true"u8,
            JsonValueKind.False => "false"u8,
            JsonValueKind.Number => Encoding.UTF8.GetBytes(JsonText.PlainNumber(value.GetDouble(), value.GetRawText())),
            _ => throw new DatasetFormatException("An attribute is a string, a number or a boolean.", row, name),
        });
    }

    private static string[] Ids(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new DatasetFormatException("The ids must be an array of strings.");
        var ids = new string[list.GetArrayLength()];
        var at = 0;
        foreach (var id in list.EnumerateArray())
        {
            if (id.ValueKind != JsonValueKind.String)
                throw new DatasetFormatException("An id is a string.", at + 1, "id");
            ids[at] = JsonText.StringOf(id, at + 1, "id");
            if (ids[at].Length is 0 or > 1000)
                throw new DatasetFormatException("An id has 1 to 1000 characters.", at + 1, "id");
            at++;
        }
        return ids;
    }

    private static JsonElement[] Objects(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new DatasetFormatException("The attributes must be an array of objects, one per row.");
        var objects = new JsonElement[list.GetArrayLength()];
        var at = 0;
        foreach (var one in list.EnumerateArray())
        {
            if (one.ValueKind != JsonValueKind.Object)
                throw new DatasetFormatException("The attributes of a row are an object of names and values.", at + 1);
            objects[at++] = one;
        }
        return objects;
    }
}

/// <summary>Values of JSON as they go into columns.</summary>
internal static class JsonText
{
    public static string StringOf(JsonElement value, long row, string column)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new DatasetFormatException("The text is not valid Unicode.", row, column);
        }
    }

    /// <summary>1.0 and 1 are one number in JSON, and one label: integers are written plainly, others as they came.</summary>
    public static string PlainNumber(double value, string raw) =>
        value == Math.Truncate(value) && Math.Abs(value) < 1e15 ? CellText.Format(value) : raw;
}
