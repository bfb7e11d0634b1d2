using System.Buffers;
using System.Text.Json;
using ModelHub.Application.Datasets.Formats;

namespace ModelHub.Application.Scoring;

/// <summary>
/// JSON records straight into features: a list of records, or an object with such a list as <c>data</c> or <c>inputs</c>
/// (a single record will do there); or, as lines, one record after the other. Read in blocks of whole records.
/// </summary>
internal sealed class JsonRows(RowColumns columns, bool isLines) : IRowFormat
{
    private bool _isSingle;
    private bool _isWrapped;
    private volatile bool _sawEnd;

    /// <summary>The member "options" beside the rows, as it came; null when there was none.</summary>
    public byte[]? Options { get; private set; }

    public int ReadHead(ReadOnlySpan<byte> start, bool isAll)
    {
        var bom = start.StartsWith("\uFEFF"u8) ? 3 : 0;
        if (isLines)
            return bom;
        var reader = new Utf8JsonReader(start[bom..], isAll, default);
        try
        {
            if (!reader.Read())
                return -1;
            if (reader.TokenType == JsonTokenType.StartArray)
                return bom + (int)reader.BytesConsumed;
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new RowRefusal(null, null, "The rows are a list of records, or {\"data\": [...]}.");
            _isWrapped = true;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isRows = reader.ValueTextEquals("data"u8) || reader.ValueTextEquals("inputs"u8);
                if (!isRows)
                {
                    var isOptions = reader.ValueTextEquals("options"u8);
                    if (!reader.Read())
                        return -1;
                    var value = (int)reader.TokenStartIndex;
                    if (!reader.TrySkip())
                        return -1;
                    if (isOptions)
                        Options = start[(bom + value)..(bom + (int)reader.BytesConsumed)].ToArray();
                    continue;
                }
                if (!reader.Read())
                    return -1;
                if (reader.TokenType == JsonTokenType.StartArray)
                    return bom + (int)reader.BytesConsumed;
                if (reader.TokenType != JsonTokenType.StartObject)
                    throw new RowRefusal(null, null, "\"data\" is a list of records.");
                _isSingle = true;
                return bom + (int)reader.TokenStartIndex;
            }
        }
        catch (JsonException broken)
        {
            throw Broken(null, broken);
        }
        return isAll ? throw new RowRefusal(null, null, "The rows are a list of records, or {\"data\": [...]}.") : -1;
    }

    public int LastBoundary(ReadOnlySpan<byte> bytes, ref ScanState state)
    {
        var boundary = -1;
        var at = state.At;
        while (at < bytes.Length && !state.IsDone)
        {
            if (state.InText)
            {
                var stop = bytes[at..].IndexOfAny((byte)'"', (byte)'\\');
                if (stop < 0 || bytes[at + stop] == '\\' && at + stop + 1 == bytes.Length)
                {
                    state.At = stop < 0 ? bytes.Length : at + stop;
                    return boundary;
                }
                state.InText = bytes[at + stop] == '\\';
                at += stop + (state.InText ? 2 : 1);
                continue;
            }
            var next = bytes[at..].IndexOfAny("\"{}]"u8);
            if (next < 0)
                break;
            at += next + 1;
            switch (bytes[at - 1])
            {
                case (byte)'"':
                    state.InText = true;
                    break;
                case (byte)'{':
                    state.Depth++;
                    break;
                case (byte)'}' when --state.Depth == 0:
                    boundary = at;
                    break;
                case (byte)']' when state.Depth == 0: // behind it there are no rows
                    state.IsDone = true;
                    break;
            }
        }
        state.At = bytes.Length;
        return boundary;
    }

    public void Parse(ReadOnlySpan<byte> rows, RowBlock block, bool isFirst)
    {
        var at = 0;
        var needsComma = !isFirst && !isLines;
        while (true)
        {
            while (at < rows.Length && rows[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
                at++;
            if (at == rows.Length)
                return;
            if (!isLines && (_isSingle ? block.Count == 1 : rows[at] == ']'))
            {
                End(rows[at..], block.Count);
                return;
            }
            if (needsComma)
            {
                if (rows[at] != ',')
                    throw new RowRefusal(block.Count, null, "There is no comma between two records.");
                needsComma = false;
                at++;
                continue;
            }
            if (rows[at] != '{')
                throw new RowRefusal(block.Count, null, "This is no record.");
            if (block.Count == block.MostRows)
                return;
            at += Record(rows[at..], block);
            needsComma = !isLines;
        }
    }

    public void RequireEnd()
    {
        if (!_sawEnd && !isLines)
            throw new RowRefusal(null, null, "The JSON ends too early.", isMalformed: true);
    }

    private void End(ReadOnlySpan<byte> rest, int row)
    {
        _sawEnd = true;
        if (rest.SequenceEqual(_isSingle ? "}"u8 : _isWrapped ? "]}"u8 : "]"u8))
            return;
        // What stands behind the rows is read as the end of an object that is otherwise empty.
        var opening = _isSingle ? "{\"\":0"u8 : _isWrapped ? "{\"\":["u8 : "["u8;
        var whole = new byte[opening.Length + rest.Length];
        opening.CopyTo(whole);
        rest.CopyTo(whole.AsSpan(opening.Length));
        try
        {
            var reader = new Utf8JsonReader(whole);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1 || !reader.ValueTextEquals("options"u8))
                    continue;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                Options = whole[start..(int)reader.BytesConsumed];
            }
        }
        catch (JsonException broken)
        {
            throw Broken(row, broken);
        }
    }

    private int Record(ReadOnlySpan<byte> text, RowBlock block)
    {
        var reader = new Utf8JsonReader(text, isFinalBlock: true, default);
        var trained = block.Model.Trained;
        var all = columns.Now;
        var guess = 0;
        var known = 0;
        RowColumn? last = null;
        block.StartRow();
        try
        {
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                int column;
                if (guess < all.Length && reader.ValueTextEquals(all[guess].Utf8))
                {
                    column = guess++;
                }
                else
                {
                    column = Named(ref reader);
                    all = columns.Now;
                    guess = column + 1;
                }
                var own = last = all[column];
                known += own.Input >= 0 ? 1 : 0;
                reader.Read();
                if (own.Input < 0 && !own.IsKept)
                {
                    if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                        throw new RowRefusal(block.Count, own.Name, "The value is nested; records are flat.");
                    continue;
                }
                Value(ref reader, trained, block, column, own);
            }
        }
        catch (JsonException broken)
        {
            throw IsNoNumber(text, broken) ? new RowRefusal(block.Count, last?.Name, "NaN and infinities are no JSON; a missing value is null.", isMalformed: true)
                : Broken(block.Count, broken);
        }
        catch (InvalidOperationException)
        {
            throw new RowRefusal(block.Count, null, "A text is not valid Unicode.");
        }
        block.LacksInputs |= trained is not null && known < trained.Inputs.Count;
        block.EndRow();
        return (int)reader.BytesConsumed;
    }

    private static void Value(ref Utf8JsonReader reader, Engine.Inference.TrainedModel? trained, RowBlock block, int column, RowColumn own)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                if (own.Input >= 0)
                {
                    if (CellText.Number(reader.ValueSpan, out var number) == NumberShape.None || !double.IsFinite(number))
                        throw new RowRefusal(block.Count, own.Name, "The number is beyond what a double holds.");
                    block.Set(own, number);
                }
                if (own.IsKept)
                    block.Keep(column, reader.ValueSpan, CellKind.Number);
                break;
            case JsonTokenType.String when !reader.ValueIsEscaped:
                Text(reader.ValueSpan, trained, block, column, own);
                break;
            case JsonTokenType.String:
                var rented = ArrayPool<byte>.Shared.Rent(reader.ValueSpan.Length);
                Text(rented.AsSpan(0, reader.CopyString(rented)), trained, block, column, own);
                ArrayPool<byte>.Shared.Return(rented);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                var word = reader.TokenType == JsonTokenType.True ? "true"u8 : "false"u8;
                if (own.Input >= 0)
                    CellWriter.Set(trained!, block.Row!, own.Input, word);
                if (own.IsKept)
                    block.Keep(column, word, CellKind.Truth);
                break;
            case JsonTokenType.Null:
                if (own.IsKept)
                    block.Keep(column, [], CellKind.Missing);
                break;
            default:
                throw new RowRefusal(block.Count, own.Name, "The value is nested; records are flat.");
        }
    }

    private static void Text(ReadOnlySpan<byte> text, Engine.Inference.TrainedModel? trained, RowBlock block, int column, RowColumn own)
    {
        if (!System.Text.Unicode.Utf8.IsValid(text))
            throw new RowRefusal(block.Count, own.Name, "The text is not valid UTF-8.");
        if (own.Input >= 0)
            CellWriter.Set(trained!, block.Row!, own.Input, text);
        if (own.IsKept)
            block.Keep(column, text, CellKind.Text);
    }

    private int Named(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return columns.Add(reader.ValueSpan, mayExist: true);
        var name = new byte[reader.ValueSpan.Length];
        return columns.Add(name.AsSpan(0, reader.CopyString(name)), mayExist: true);
    }

    /// <summary>Whether JSON broke at a word for a number that JSON does not have; the text begins with its record.</summary>
    private static bool IsNoNumber(ReadOnlySpan<byte> text, JsonException broken)
    {
        for (var line = broken.LineNumber ?? 0; line > 0; line--)
            text = text[(text.IndexOf((byte)'\n') + 1)..];
        var at = (int)Math.Min(broken.BytePositionInLine ?? 0, text.Length);
        var from = Math.Max(0, at - 8);
        var near = text[from..Math.Min(text.Length, at + 8)];
        return near.IndexOf("NaN"u8) >= 0 || near.IndexOf("Infinity"u8) >= 0;
    }

    private static RowRefusal Broken(int? row, JsonException broken) =>
        new(row, null, $"The JSON is broken at line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}.", isMalformed: true);
}
