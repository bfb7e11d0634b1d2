using System.Text.Json;

namespace ModelHub.Application.Scoring;

/// <summary>
/// JSON records straight into features: a list of records, or an object with such a list as <c>data</c> or <c>inputs</c>
/// (a single record will do there); or, as lines, one record after the other. Read in blocks of whole records.
/// </summary>
internal sealed class JsonRows(RowColumns columns, bool isLines) : IRowFormat
{
    private readonly JsonRecords _records = new(columns);
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
            throw JsonRecords.Broken(null, broken);
        }
        return isAll ? throw new RowRefusal(null, null, "The rows are a list of records, or {\"data\": [...]}.") : -1;
    }

    public int LastBoundary(ReadOnlySpan<byte> bytes, int mostRows, ref ScanState state)
    {
        var boundary = -1;
        state.IsFull = false;
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
                    if (--mostRows > 0)
                        break;
                    (state.At, state.IsFull) = (at, true);
                    return at;
                case (byte)']' when state.Depth == 0: // behind it there are no rows
                    state.IsDone = true;
                    break;
            }
        }
        state.At = bytes.Length;
        return boundary;
    }

    public int Parse(ReadOnlySpan<byte> rows, RowBlock block, bool isFirst)
    {
        var at = 0;
        var needsComma = !isFirst && !isLines;
        while (true)
        {
            while (at < rows.Length && rows[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
                at++;
            if (at == rows.Length)
                return at;
            if (!isLines && (_isSingle ? block.Count == 1 : rows[at] == ']'))
            {
                End(rows[at..], block.Count);
                return rows.Length;
            }
            if (block.Count == block.MostRows)
                return at;
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
            at += _records.Read(rows[at..], block);
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
            throw JsonRecords.Broken(row, broken);
        }
    }
}
