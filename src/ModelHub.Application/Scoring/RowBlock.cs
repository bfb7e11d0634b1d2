using ModelHub.Application.Serving;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Scoring;

/// <summary>What a kept cell is.</summary>
public enum CellKind : byte
{
    Missing,

    /// <summary>As a CSV has it, where nothing tells texts from numbers.</summary>
    Untyped,
    Text,
    Number,

    /// <summary>true or false.</summary>
    Truth,
}

/// <summary>A kept cell: its column and its UTF-8 text in the block.</summary>
public readonly record struct KeptCell(int Column, int Start, int Length, CellKind Kind);

/// <summary>
/// Some rows of a body on their way through the model: features, outputs, kept cells. Reused from request to request; not for several
/// threads.
/// </summary>
public sealed partial class RowBlock
{
    /// <summary>64 MiB: a record of two bytes takes all features of the model.</summary>
    private const int MostFeatures = 1 << 24;
    private float[] _features;
    private double[] _outputs = new double[8];
    private int[] _unusual = new int[8];
    private int[] _cellEnds = new int[8];
    private KeptCell[] _cells = new KeptCell[16];
    private byte[] _text = new byte[256];
    private int _cellCount;
    private int _textLength;

    internal RowBlock(LoadedModel model)
    {
        Model = model;
        Width = model.Trained?.FeatureCount ?? 0;
        _features = new float[Width * 8];
        Row = model.Trained?.CreateRow();
    }

    public LoadedModel Model { get; }

    public int Count { get; private set; }

    /// <summary>Number of the block's first row in the body, from 0.</summary>
    public long FirstRow { get; internal set; }

    /// <summary>Features per row; 0 for a runner.</summary>
    public int Width { get; }

    internal RowBuffer? Row { get; }

    /// <summary>The block is full with so many rows.</summary>
    internal int MostRows { get; set; } = int.MaxValue;

    public ReadOnlySpan<float> Features => (_lent is null ? _features : _lent.Features)[..(Count * Width)];

    public ReadOnlySpan<float> FeaturesOf(int row) => Features.Slice(row * Width, Width);

    /// <summary>A probability per class (binary: negative, positive), or the value.</summary>
    public ReadOnlySpan<double> OutputsOf(int row) => _outputs.AsSpan(row * Model.OutputCount, Model.OutputCount);

    public ReadOnlySpan<double> Outputs => _outputs.AsSpan(0, Count * Model.OutputCount);

    /// <summary>Whether the row held a category that training did not see, or a text where a number belongs.</summary>
    public bool IsUnusual(int row) => _unusual[row] >= 0;

    /// <summary>The input that held it (the last one of several), -1 for none.</summary>
    internal int UnusualInput(int row) => _unusual[row];

    /// <summary>Whether a record named fewer inputs than the model has; told of JSON only.</summary>
    internal bool LacksInputs { get; set; }

    /// <summary>Whether any record named an input of the model; told of JSON only, where the first record need not name what later ones do.</summary>
    internal bool NamesInputs { get; set; }

    public ReadOnlySpan<KeptCell> CellsOf(int row)
    {
        var start = row == 0 ? 0 : _cellEnds[row - 1];
        return _cells.AsSpan(start, _cellEnds[row] - start);
    }

    public ReadOnlySpan<byte> TextOf(KeptCell cell) => _text.AsSpan(cell.Start, cell.Length);

    /// <summary>A row's cell of a column; a missing one when it has none.</summary>
    public KeptCell CellOf(int row, int column)
    {
        var cells = CellsOf(row);
        if (column < cells.Length && cells[column].Column == column)
            return cells[column];
        foreach (var cell in cells)
        {
            if (cell.Column == column)
                return cell;
        }
        return new KeptCell(column, 0, 0, CellKind.Missing);
    }

    internal long BytesHeld => _features.Length * 4L + _outputs.Length * 8L + _cells.Length * 16L + _text.Length + _unusual.Length * 8L;

    internal void Clear()
    {
        FirstRow = 0;
        MostRows = int.MaxValue;
        LacksInputs = false;
        NamesInputs = false;
        Asked = null;
        Answers = null;
        TakesAnswers = false;
        Count = 0;
        _cellCount = 0;
        _textLength = 0;
        Typed = null;
        _lent = null;
    }

    /// <summary>Starts the next row, all of it missing.</summary>
    /// <returns>Its features, good until the next row.</returns>
    internal Span<float> StartRow()
    {
        if (Count == _unusual.Length || (Count + 1) * Width > _features.Length)
            Grow(Count + 1, withFeatures: true);
        if (Row is null)
            return [];
        Row.MoveTo(_features, Count * Width);
        Row.Clear();
        return _features.AsSpan(Count * Width, Width);
    }

    /// <summary>A number in a column that the model reads.</summary>
    internal void Set(RowColumn column, double number)
    {
        if (column.Feature >= 0)
            _features[Count * Width + column.Feature] = Engine.Preparation.FeaturePlan.Narrow(number);
        else
            Row!.SetNumber(column.Input, number);
    }

    private void Grow(int rows, bool withFeatures)
    {
        if (_unusual.Length < rows)
        {
            Array.Resize(ref _unusual, Math.Max(rows, _unusual.Length * 2));
            Array.Resize(ref _cellEnds, _unusual.Length);
        }
        if (!withFeatures || _features.Length >= (long)_unusual.Length * Width)
            return;
        if ((long)rows * Width > MostFeatures)
            throw new RowRefusal(rows - 1, null, $"These are too many rows at once for a model of {Width} features.");
        Array.Resize(ref _features, (int)Math.Min((long)_unusual.Length * Width, MostFeatures));
    }

    internal void EndRow()
    {
        _unusual[Count] = Row?.Unusual ?? -1;
        _cellEnds[Count] = _cellCount;
        Count++;
    }

    internal void Keep(int column, ReadOnlySpan<byte> text, CellKind kind)
    {
        if (_cellCount == _cells.Length)
            Array.Resize(ref _cells, _cellCount * 2);
        if (_textLength + text.Length > _text.Length)
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _textLength + text.Length));
        text.CopyTo(_text.AsSpan(_textLength));
        _cells[_cellCount++] = new KeptCell(column, _textLength, text.Length, kind);
        _textLength += text.Length;
    }
}
