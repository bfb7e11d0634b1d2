using System.Text.Json;
using ModelHub.Application.Errors;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Serving;

/// <summary>JSON records as a table, for models that score tables: a column of numbers where every value is one, else of texts.</summary>
public static class RecordTable
{
    public const int MostColumns = 20_000;

    /// <exception cref="ModelHubException">A row is no record, or a value is nested.</exception>
    public static Table Of(IReadOnlyList<JsonElement> records)
    {
        var columns = new OrderedDictionary<string, (double[] Numbers, string?[]? Texts)>(StringComparer.Ordinal);
        for (var r = 0; r < records.Count; r++)
        {
            if (records[r].ValueKind != JsonValueKind.Object)
                throw ModelHubException.Invalid("inputs", $"Row {r} is no record.");
            foreach (var member in records[r].EnumerateObject())
            {
                if (!columns.TryGetValue(member.Name, out var column))
                {
                    if (columns.Count == MostColumns)
                        throw ModelHubException.Invalid("inputs", $"Row {r}: there are more than {MostColumns} columns.");
                    column = (new double[records.Count], null);
                    Array.Fill(column.Numbers, double.NaN);
                    columns.Add(member.Name, column);
                }
                Set(ref column, r, member);
                columns[member.Name] = column;
            }
        }
        return new Table([.. columns.Select(Column (c) => c.Value.Texts is { } texts
            ? new TextColumn(c.Key, ColumnKind.Category, texts) : new NumericColumn(c.Key, ColumnKind.Numeric, c.Value.Numbers))], records.Count);
    }

    private static void Set(ref (double[] Numbers, string?[]? Texts) column, int row, JsonProperty member)
    {
        switch (member.Value.ValueKind)
        {
            case JsonValueKind.Number when column.Texts is null && member.Value.TryGetDouble(out var number) && double.IsFinite(number):
                column.Numbers[row] = number;
                break;
            case JsonValueKind.String or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number:
                column.Texts ??= [.. column.Numbers.Select(n => double.IsNaN(n) ? null : n.ToString("R", System.Globalization.CultureInfo.InvariantCulture))];
                column.Texts[row] = member.Value.ToString() is var text && member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False
                    ? member.Value.GetRawText() : text;
                break;
            case JsonValueKind.Null:
                break;
            default:
                throw ModelHubException.Invalid("inputs", $"Row {row}: '{member.Name}' is neither a number, a text, a truth value nor null.");
        }
    }
}
