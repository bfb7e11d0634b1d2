using ModelHub.Application.Datasets.Formats;

namespace ModelHub.Application.Datasets.Columnar;

/// <summary>What a column holds physically.</summary>
internal enum Content : byte
{
    /// <summary>Nothing but missing cells so far.</summary>
    None,
    Numbers,
    Booleans,
    Dates,
    Texts,
}

/// <summary>What cells are that come as text.</summary>
internal static class ContentGuess
{
    /// <summary>What all of them can be; nothing when all of them are missing.</summary>
    public static Content Of(TextBuffer cells)
    {
        var (numbers, booleans, dates, any) = (true, true, true, false);
        for (var i = 0; i < cells.Count && (numbers || booleans || dates); i++)
        {
            var cell = CellText.Trim(cells[i]);
            if (CellText.IsMissing(cell))
                continue;
            any = true;
            numbers = numbers && CellText.Number(cell, out _) is NumberShape.Integer or NumberShape.Decimal;
            booleans = booleans && CellText.Boolean(cell, out _);
            dates = dates && DateText.TryParse(cell, out _);
        }
        return !any ? Content.None : numbers ? Content.Numbers : booleans ? Content.Booleans : dates ? Content.Dates : Content.Texts;
    }
}
