using System.Buffers;
using System.Text.Json;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Scoring;

/// <summary>One JSON record after the other into rows. Members are looked for where the record before had them.</summary>
internal sealed class JsonRecords(RowColumns columns)
{
    /// <summary>Reads the record that a text begins with into the block's next row; the bytes that it takes.</summary>
    /// <exception cref="RowRefusal">It is broken, nested, or holds a number beyond what a double holds.</exception>
    public int Read(ReadOnlySpan<byte> text, RowBlock block)
    {
        if (columns.IsGuess)
            columns.Settle(HasNames(text, columns.Now));
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
        block.NamesInputs |= known > 0;
        block.LacksInputs |= trained is not null && known < trained.Inputs.Count;
        block.EndRow();
        return (int)reader.BytesConsumed;
    }

    private static void Value(ref Utf8JsonReader reader, TrainedModel? trained, RowBlock block, int column, RowColumn own)
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

    private static void Text(ReadOnlySpan<byte> text, TrainedModel? trained, RowBlock block, int column, RowColumn own)
    {
        if (!System.Text.Unicode.Utf8.IsValid(text))
            throw new RowRefusal(block.Count, own.Name, "The text is not valid UTF-8.");
        if (own.Input >= 0)
            CellWriter.Set(trained!, block.Row!, own.Input, text);
        if (own.IsKept)
            block.Keep(column, text, CellKind.Text);
    }

    /// <summary>Whether the record that a text begins with has exactly these members, in this order.</summary>
    private static bool HasNames(ReadOnlySpan<byte> text, ReadOnlySpan<RowColumn> names)
    {
        var reader = new Utf8JsonReader(text, isFinalBlock: true, default);
        try
        {
            var at = 0;
            reader.Read();
            for (; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; at++)
            {
                if (at == names.Length || !reader.ValueTextEquals(names[at].Utf8))
                    return false;
                reader.Read();
                reader.Skip();
            }
            return at == names.Length;
        }
        catch (JsonException)
        {
            return false; // told by who reads the record
        }
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

    public static RowRefusal Broken(int? row, JsonException broken) =>
        new(row, null, $"The JSON is broken at line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}.", isMalformed: true);
}
