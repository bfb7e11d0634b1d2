using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelHub.Application.Datasets.Columnar;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>Tables as JSON: an array of flat objects, <c>{"data": [...]}</c> with such an array, or one object after the other.</summary>
internal sealed class JsonTableReader(BoundedSource source, TableSink sink, ReadOptions options, RowExtras extras)
{
    private readonly Window _window = new(source, options.Limits.MaxCellBytes);
    private readonly Dictionary<int, byte[]> _names = [];
    private readonly Dictionary<int, long> _lastRow = [];
    private byte[] _scratch = new byte[256];
    private Place _place;
    private bool _wrapped;
    private bool _lines;
    private bool _dataName;
    private int _column = -1;
    private int _cells;

    private enum Place
    {
        Start,
        Rows,
        Row,
        AfterRows,
        Lines,
        End,
    }

    public void Run()
    {
        _window.Start();
        var state = new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = true });
        try
        {
            while (true)
            {
                var reader = new Utf8JsonReader(_window.Rest, _window.IsLast, state);
                while (reader.Read())
                    Token(ref reader);
                state = reader.CurrentState;
                _window.At += (int)reader.BytesConsumed;
                if (_window.IsLast)
                    break;
                if (!_window.More())
                    throw new DatasetFormatException($"A value is longer than {_window.Bytes.Length} bytes.", sink.RowCount + 1);
            }
        }
        catch (JsonException e)
        {
            throw new DatasetFormatException($"The JSON is broken at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", RowNumber);
        }
        catch (Exception e) when (e is InvalidOperationException or DecoderFallbackException)
        {
            throw new DatasetFormatException("A text is not valid Unicode.", RowNumber, Name);
        }
        if (_place is Place.Row or Place.Rows or Place.AfterRows)
            throw new DatasetFormatException("The JSON ends too early.", RowNumber);
    }

    private long? RowNumber => sink.RowCount + 1;

    private string? Name => _column < 0 ? null : sink.Columns[_column].Name;

    private void Token(ref Utf8JsonReader reader)
    {
        switch (_place)
        {
            case Place.Row:
                InRow(ref reader);
                return;
            case Place.Start when reader.TokenType == JsonTokenType.StartArray:
                _place = Place.Rows;
                return;
            case Place.Start or Place.Rows or Place.Lines when reader.TokenType == JsonTokenType.StartObject:
                _lines = _place != Place.Rows;
                _cells = 0;
                _place = Place.Row;
                return;
            case Place.Rows when reader.TokenType == JsonTokenType.EndArray:
                _place = _wrapped ? Place.AfterRows : Place.End;
                return;
            case Place.AfterRows:
                if (reader.TokenType == JsonTokenType.EndObject)
                    _place = Place.End;
                else if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                    throw new DatasetFormatException("Beside \"data\" there may only be plain values.");
                return;
            case Place.End:
                throw new DatasetFormatException("There is more JSON after the end of the table.", RowNumber);
            default:
                throw new DatasetFormatException(
                    "A table is an array of flat objects, {\"data\": [...]} with such an array, or one object per line.", RowNumber);
        }
    }

    private void InRow(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.EndObject:
                extras.Apply(sink.RowCount + 1);
                sink.EndRow();
                _place = _lines ? Place.Lines : Place.Rows;
                _column = -1;
                return;
            case JsonTokenType.PropertyName:
                _dataName = _cells == 0 && _lines && sink.RowCount == 0 && reader.ValueTextEquals("data"u8);
                if (!_dataName)
                    _column = ColumnOf(ref reader);
                return;
            case JsonTokenType.StartArray when _dataName:
                _wrapped = true;
                _place = Place.Rows;
                _dataName = false;
                return;
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                throw new DatasetFormatException("The value is nested; rows must be flat.", RowNumber, Name ?? "data");
        }
        if (_dataName)
        {
            _column = Named(Encoding.UTF8.GetBytes("data"));
            _dataName = false;
        }
        Value(ref reader);
        _cells++;
    }

    private void Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.True:
                sink.Cell(_column, "true"u8);
                break;
            case JsonTokenType.False:
                sink.Cell(_column, "false"u8);
                break;
            case JsonTokenType.String:
                sink.Cell(_column, Unescaped(ref reader));
                break;
            case JsonTokenType.Number when reader.ValueSpan.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0:
                sink.Cell(_column, reader.ValueSpan);
                break;
            case JsonTokenType.Number:
                // As a label 1.0 is 1.
                var value = double.Parse(reader.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
                if (value == Math.Truncate(value) && Math.Abs(value) < 1e15)
                    sink.Cell(_column, Encoding.UTF8.GetBytes(CellText.Format(value)));
                else
                    sink.Cell(_column, reader.ValueSpan);
                break;
        }
    }

    private ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return reader.ValueSpan;
        if (_scratch.Length < reader.ValueSpan.Length)
            _scratch = new byte[reader.ValueSpan.Length * 2];
        return _scratch.AsSpan(0, reader.CopyString(_scratch));
    }

    private int ColumnOf(ref Utf8JsonReader reader)
    {
        // Rows mostly name their columns in the same order.
        var guess = _cells;
        if (_names.TryGetValue(guess, out var known) && reader.ValueTextEquals(known))
            return Seen(guess);
        return Named(Unescaped(ref reader).ToArray());
    }

    private int Named(byte[] utf8)
    {
        var name = new UTF8Encoding(false, true).GetString(utf8);
        if (name.Length == 0)
            throw new DatasetFormatException("A value has no name.", RowNumber);
        var column = sink.Find(name);
        if (column < 0)
            column = sink.AddColumn(name);
        _names[column] = utf8;
        return Seen(column);
    }

    private int Seen(int column)
    {
        if (_lastRow.GetValueOrDefault(column) == sink.RowCount + 1)
            throw new DatasetFormatException("The object names this value twice.", RowNumber, sink.Columns[column].Name);
        _lastRow[column] = sink.RowCount + 1;
        return column;
    }
}
