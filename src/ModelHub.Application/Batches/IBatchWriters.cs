using ModelHub.Application.Parquet;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Batches;

/// <summary>How files of scored rows look: a dialect's matter.</summary>
public interface IBatchWriters
{
    /// <param name="columns">Of a Parquet file that is scored; null for rows that come as text.</param>
    IScoredRowsWriter Create(LoadedModel model, BatchFormat format, IReadOnlyList<TypedColumn>? columns);
}
