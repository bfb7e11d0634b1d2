using System.Runtime.InteropServices;
using System.Text;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>Reads a run of rows of one column from its parts, as the kind that is asked for.</summary>
internal sealed class ColumnReading(ColumnarPart[] parts, MergedColumn column, long first, int count)
{
    /// <summary>A sparse column with more than this share of stored values is read as a dense one.</summary>
    private const double DenseShare = 0.3;

    private readonly Dictionary<string, int> _levels = new(StringComparer.Ordinal);
    private readonly Dictionary<double, string> _formatted = [];

    public Column Read(ColumnKind kind) => kind switch
    {
        ColumnKind.Category => Category(),
        ColumnKind.Text or ColumnKind.Id => new TextColumn(column.Name, kind, Texts()),
        _ => Numbers(kind),
    };

    private Column Numbers(ColumnKind kind)
    {
        if (column.Sparse && kind is ColumnKind.Numeric or ColumnKind.Integer && Entries() is { } sparse)
            return sparse;
        var values = new double[count];
        foreach (var piece in Piece.Of(parts, column, first, count))
            Numbers(piece, values.AsSpan(piece.To, piece.Count), kind);
        return new NumericColumn(column.Name, kind, values);
    }

    private SparseColumn? Entries()
    {
        var (rows, values) = (new List<int>(), new List<double>());
        foreach (var piece in Piece.Of(parts, column, first, count))
        {
            if (!piece.Sparse)
                return null;
            var (at, held) = piece.Entries();
            for (var i = 0; i < at.Length; i++)
            {
                if (at[i] < piece.From || at[i] >= piece.From + piece.Count)
                    continue;
                rows.Add(piece.To + at[i] - piece.From);
                values.Add(held[i]);
            }
        }
        return rows.Count > count * DenseShare ? null : new SparseColumn(column.Name, count, [.. rows], [.. values]);
    }

    private void Numbers(Piece piece, Span<double> to, ColumnKind kind)
    {
        if (piece.Encoding is ChunkEncoding.Empty or ChunkEncoding.Sparse)
        {
            to.Fill(piece.Sparse ? 0 : double.NaN);
            if (piece.Encoding == ChunkEncoding.Empty)
                return;
            var (rows, values) = piece.Entries();
            for (var i = 0; i < rows.Length; i++)
            {
                if (rows[i] >= piece.From && rows[i] < piece.From + piece.Count)
                    to[rows[i] - piece.From] = values[i];
            }
        }
        else if (piece.Encoding == ChunkEncoding.Numbers)
        {
            MemoryMarshal.Cast<byte, double>(piece.Bytes).Slice(piece.From, piece.Count).CopyTo(to);
        }
        else
        {
            var texts = new string?[piece.Count];
            Texts(piece, texts);
            for (var i = 0; i < to.Length; i++)
                to[i] = texts[i] is { } text ? Parsed(text, kind, first + piece.To + i + 1) : double.NaN;
            return;
        }
        if (kind != ColumnKind.Boolean || piece.Content == Content.Booleans)
            return;
        for (var i = 0; i < to.Length; i++)
        {
            if (!double.IsNaN(to[i]) && to[i] is not (0 or 1))
                throw new DatasetFormatException($"{CellText.Format(to[i])} is not true or false.", first + piece.To + i + 1, column.Name);
        }
    }

    private double Parsed(string text, ColumnKind kind, long row)
    {
        var bytes = CellText.Trim(Encoding.UTF8.GetBytes(text));
        double value;
        var fits = kind switch
        {
            ColumnKind.Boolean => CellText.AnyBoolean(bytes, out value),
            ColumnKind.Date => DateText.TryParse(bytes, out value),
            _ => CellText.Number(bytes, out value) != NumberShape.None,
        };
        var wanted = kind switch { ColumnKind.Boolean => "true or false", ColumnKind.Date => "a date", _ => "a number" };
        return fits ? value : throw new DatasetFormatException(
            $"'{DatasetFormatException.Shortened(text)}' is not {wanted}.", row, column.Name);
    }

    private CategoryColumn Category()
    {
        var codes = new int[count];
        foreach (var piece in Piece.Of(parts, column, first, count))
        {
            var to = codes.AsSpan(piece.To, piece.Count);
            if (piece.Encoding == ChunkEncoding.Codes)
            {
                var map = new int[piece.Levels!.Count];
                Array.Fill(map, -1);
                for (var i = 0; i < to.Length; i++)
                {
                    var code = Chunk.CodeAt(piece.Bytes, piece.GroupRows, piece.From + i);
                    if (code >= 0 && map[code] < 0)
                        map[code] = CodeOf(piece.Levels.Text(code));
                    to[i] = code < 0 ? -1 : map[code];
                }
                continue;
            }
            var texts = new string?[piece.Count];
            Texts(piece, texts);
            for (var i = 0; i < to.Length; i++)
                to[i] = texts[i] is { } text ? CodeOf(text) : -1;
        }
        return new CategoryColumn(column.Name, codes, [.. _levels.Keys]);
    }

    private int CodeOf(string level)
    {
        ref var code = ref CollectionsMarshal.GetValueRefOrAddDefault(_levels, level, out var known);
        if (!known)
            code = _levels.Count - 1;
        return code;
    }

    private string?[] Texts()
    {
        var texts = new string?[count];
        foreach (var piece in Piece.Of(parts, column, first, count))
            Texts(piece, texts.AsSpan(piece.To, piece.Count));
        return texts;
    }

    private void Texts(Piece piece, Span<string?> to)
    {
        if (piece.Encoding == ChunkEncoding.Codes)
        {
            var known = new string?[piece.Levels!.Count];
            for (var i = 0; i < to.Length; i++)
            {
                var code = Chunk.CodeAt(piece.Bytes, piece.GroupRows, piece.From + i);
                to[i] = code < 0 ? null : (known[code] ??= piece.Levels.Text(code));
            }
        }
        else if (piece.Encoding == ChunkEncoding.Texts)
        {
            var lengths = MemoryMarshal.Cast<byte, int>(piece.Bytes.AsSpan(0, piece.GroupRows * 4));
            var at = piece.GroupRows * 4;
            for (var i = 0; i < piece.From; i++)
                at += Math.Max(0, lengths[i]);
            for (var i = 0; i < to.Length; i++)
            {
                var length = lengths[piece.From + i];
                to[i] = length < 0 ? null : Encoding.UTF8.GetString(piece.Bytes, at, length);
                at += Math.Max(0, length);
            }
        }
        else
        {
            var values = new double[piece.Count];
            Numbers(piece, values, ColumnKind.Numeric);
            for (var i = 0; i < to.Length; i++)
                to[i] = double.IsNaN(values[i]) ? null : Formatted(values[i], piece.Content);
        }
    }

    private string Formatted(double value, Content content)
    {
        if (content == Content.Booleans)
            return value == 1 ? "true" : "false";
        if (!_formatted.TryGetValue(value, out var text))
        {
            text = content == Content.Dates ? DateText.Format(value) : CellText.Format(value);
            if (_formatted.Count < 10_000)
                _formatted[value] = text;
        }
        return text;
    }
}
