using System.Text;
using ModelHub.Application.Datasets.Columnar;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>
/// libsvm lines: <c>label index:value ...  # comment</c>, indices ascending from 1. The label (which may be left out) becomes a column
/// <c>label</c>, the features sparse columns f1..fN.
/// </summary>
internal sealed class LibsvmReader(BoundedSource source, TableSink sink, ReadOptions options, RowExtras extras)
{
    private readonly Window _window = new(source, options.Limits.MaxCellBytes);
    private readonly List<int> _features = [];
    private int _label = -1;

    public void Run()
    {
        if (options.VectorDim is < 1)
            throw new DatasetFormatException("The dimension must be at least 1.");
        Grow(options.VectorDim ?? 0, null);
        _window.Start();
        while (true)
        {
            var end = _window.Rest.IndexOf((byte)'\n');
            if (end < 0 && !_window.IsLast)
            {
                if (!_window.More())
                    throw new DatasetFormatException($"There is no line end within {_window.Bytes.Length} bytes.", sink.RowCount + 1);
                continue;
            }
            Line(end < 0 ? _window.Rest : _window.Rest[..end]);
            if (end < 0)
                return;
            _window.At += end + 1;
        }
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        var comment = line.IndexOf((byte)'#');
        line = (comment < 0 ? line : line[..comment]).Trim(" \t\r"u8);
        if (line.IsEmpty)
            return;
        var row = sink.RowCount + 1;
        var last = 0;
        var first = true;
        while (!line.IsEmpty)
        {
            var end = line.IndexOfAny((byte)' ', (byte)'\t');
            var token = end < 0 ? line : line[..end];
            line = end < 0 ? [] : line[end..].TrimStart(" \t"u8);
            var colon = token.IndexOf((byte)':');
            if (colon < 0 && first)
                Label(token);
            else if (colon < 0)
                throw new DatasetFormatException($"'{Shown(token)}' is not index:value.", row);
            else
                last = Feature(token[..colon], token[(colon + 1)..], last, row);
            first = false;
        }
        extras.Apply(row);
        sink.EndRow();
    }

    private void Label(ReadOnlySpan<byte> token)
    {
        if (_label < 0)
            _label = sink.AddColumn("label");
        sink.Cell(_label, token);
    }

    private int Feature(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text, int last, long row)
    {
        if (name.SequenceEqual("qid"u8))
            throw new DatasetFormatException("qid (ranking) is not supported.", row);
        if (CellText.Number(name, out var number) is not (NumberShape.Integer or NumberShape.Padded))
            throw new DatasetFormatException($"'{Shown(name)}' is not a feature index.", row);
        if (number < 1)
            throw new DatasetFormatException($"Feature index {Shown(name)}: indices start at 1.", row);
        var limit = options.VectorDim ?? options.Limits.MaxColumns - 1;
        if (number > limit)
            throw new DatasetFormatException($"Feature index {Shown(name)} is larger than {limit}.", row);
        var index = (int)number;
        if (index <= last)
        {
            throw new DatasetFormatException(
                index == last ? $"Feature index {index} comes twice." : $"Feature index {index} comes after {last}; they must ascend.", row);
        }
        var missing = CellText.IsMissing(text);
        if (!missing && CellText.Number(text, out number) == NumberShape.None)
            throw new DatasetFormatException($"'{Shown(text)}' is not a number.", row, $"f{index}");
        if (!missing && double.IsInfinity(number))
            throw new DatasetFormatException("The number is infinite.", row, $"f{index}");
        Grow(index, row);
        sink.Cell(_features[index - 1], missing ? double.NaN : number);
        return index;
    }

    private void Grow(int count, long? row)
    {
        if (count > options.Limits.MaxColumns - 1)
            throw new DatasetFormatException($"There may be {options.Limits.MaxColumns - 1} features.", row);
        while (_features.Count < count)
            _features.Add(sink.AddColumn($"f{_features.Count + 1}", sparse: true, ColumnKind.Numeric));
    }

    private static string Shown(ReadOnlySpan<byte> text) =>
        DatasetFormatException.Shortened(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 200)]));
}
