using System.Globalization;

namespace ModelHub.Application.Datasets.Formats;

/// <summary>Data that is refused. The message is fit for the sender and names the row and the column where there is one.</summary>
/// <param name="message">What is wrong, without the place.</param>
/// <param name="row">1-based row of data (a header is not counted), null when it is about the file.</param>
/// <param name="column">Name of the column, or its 1-based position as text.</param>
public sealed class DatasetFormatException(string message, long? row = null, string? column = null) : Exception(Place(message, row, column))
{
    public long? Row { get; } = row;

    public string? Column { get; } = column;

    private static string Place(string message, long? row, string? column)
    {
        var at = (row, column) switch
        {
            (null, null) => "",
            (null, _) => $"Column '{Shortened(column!)}': ",
            (_, null) => string.Create(CultureInfo.InvariantCulture, $"Row {row}: "),
            _ => string.Create(CultureInfo.InvariantCulture, $"Row {row}, column '{Shortened(column!)}': "),
        };
        return at + message;
    }

    /// <summary>Text of the sender as it may stand in a message: at most 80 characters.</summary>
    public static string Shortened(string text) => text.Length <= 80 ? text : text[..77] + "...";
}
