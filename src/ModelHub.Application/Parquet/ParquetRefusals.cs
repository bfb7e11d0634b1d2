using ModelHub.Application.Errors;

namespace ModelHub.Application.Parquet;

public static class ParquetRefusals
{
    private const int MostLetters = 500;

    /// <param name="reason">A sentence.</param>
    /// <param name="rowsRead">Rows that came before.</param>
    public static ModelHubException Refused(string reason, long rowsRead)
    {
        var place = rowsRead > 0 ? $" After row {rowsRead}:" : "";
        return ModelHubException.Invalid("file", $"The Parquet file cannot be read.{place} {(reason.Length <= MostLetters ? reason : reason[..MostLetters])}");
    }
}
