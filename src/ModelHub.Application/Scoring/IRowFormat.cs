using ModelHub.Application.Serving;

namespace ModelHub.Application.Scoring;

/// <summary>Where a search for the end of whole rows has come to.</summary>
internal struct ScanState
{
    public int At;
    public bool InText;
    public int Depth;
    public bool IsDone;

    /// <summary>Whether the search stopped at as many rows as were wanted, with more behind them.</summary>
    public bool IsFull;
}

/// <summary>How rows are written down. One instance per body; only <see cref="Parse"/> runs on several threads.</summary>
internal interface IRowFormat
{
    static IRowFormat Of(RowFormat format, LoadedModel model, RowColumns columns) => format switch
    {
        RowFormat.Csv => new CsvRows(model, columns),
        RowFormat.Json => new JsonRows(columns, isLines: false),
        RowFormat.JsonLines => new JsonRows(columns, isLines: true),
    };

    /// <summary>Reads what comes before the rows; the number of bytes it is, -1 when more have to be seen.</summary>
    /// <exception cref="RowRefusal">It is broken.</exception>
    int ReadHead(ReadOnlySpan<byte> start, bool isAll);

    /// <summary>The end of the last whole row in what has come, of at most so many; -1 for none. Goes on where it stopped.</summary>
    int LastBoundary(ReadOnlySpan<byte> bytes, int mostRows, ref ScanState state);

    /// <summary>Whole rows into a block, until it is full.</summary>
    /// <param name="isFirst">Whether these are the first rows of the body.</param>
    /// <returns>Bytes that were taken: fewer than there are when the block is full.</returns>
    /// <exception cref="RowRefusal">A row is broken.</exception>
    int Parse(ReadOnlySpan<byte> rows, RowBlock block, bool isFirst);

    /// <summary>Asked when all was parsed.</summary>
    /// <exception cref="RowRefusal">Something is missing at the end.</exception>
    void RequireEnd();
}
