namespace ModelHub.Application.Scoring;

/// <summary>How rows are written down.</summary>
public enum RowFormat
{
    Csv,
    Json,

    /// <summary>One JSON record after the other, mostly one a line.</summary>
    JsonLines,
}
