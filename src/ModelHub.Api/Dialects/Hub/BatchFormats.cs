using ModelHub.Application.Batches;
using ModelHub.Application.Errors;
using ModelHub.Application.Parquet;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>The formats of scored files: their words, their media types, their writers.</summary>
internal sealed class BatchFormats : IBatchWriters
{
    public const string ParquetType = "application/vnd.apache.parquet";

    public IScoredRowsWriter Create(LoadedModel model, BatchFormat format, IReadOnlyList<TypedColumn>? columns) => format switch
    {
        BatchFormat.Csv => new BatchCsv(model),
        BatchFormat.Json => new BatchJson(model, asLines: false),
        BatchFormat.JsonLines => new BatchJson(model, asLines: true),
        BatchFormat.Parquet => new BatchParquet(model, columns),
    };

    public static string WordOf(BatchFormat format) => format switch
    {
        BatchFormat.Csv => "csv",
        BatchFormat.Json => "json",
        BatchFormat.JsonLines => "ndjson",
        BatchFormat.Parquet => "parquet",
    };

    public static string TypeOf(BatchFormat format) => format switch
    {
        BatchFormat.Csv => "text/csv; charset=utf-8",
        BatchFormat.Json => "application/json",
        BatchFormat.JsonLines => "application/x-ndjson",
        BatchFormat.Parquet => ParquetType,
    };

    public static BatchFormat Of(string word) => word switch
    {
        "csv" => BatchFormat.Csv,
        "json" => BatchFormat.Json,
        "ndjson" or "jsonl" => BatchFormat.JsonLines,
        "parquet" => BatchFormat.Parquet,
        _ => throw ModelHubException.Invalid("output", "'output' is csv, json, ndjson or parquet."),
    };
}
