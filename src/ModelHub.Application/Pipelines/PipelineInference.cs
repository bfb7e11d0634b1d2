using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using ModelHub.Application.Arrow;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Pipelines;

/// <summary>Rows that a pipeline has scored.</summary>
/// <param name="Outputs">By output: prediction (a text, or the value of a regression) and, of a classification, probabilities.</param>
/// <param name="Refused">Rows without a prediction: the deployment's rules refuse them.</param>
public sealed record PipelineAnswer(
    IReadOnlyList<FrameColumn> Inputs, IReadOnlyList<FrameColumn> Outputs, bool[] Refused, PipelineShare Model, Guid PipelineVersion,
    DateTimeOffset At, TimeSpan Elapsed);

/// <summary>Scores rows with what a pipeline has deployed; they go the way of all rows of a deployment.</summary>
public sealed class PipelineInference(DeploymentGate gate, DeploymentScoring scoring, TimeProvider clock)
{
    /// <exception cref="ModelHubException">It is not deployed, or the rows are refused.</exception>
    public async Task<PipelineAnswer> InferAsync(
        Caller caller, Pipeline pipeline, IReadOnlyList<FrameColumn> rows, CancellationToken cancellation)
    {
        if (pipeline.DeploymentId is not { } id || pipeline.Versions.Find(v => v.Id == pipeline.DeployedVersionId) is not { } version)
            throw ModelHubException.NotFound("deployment");
        var start = clock.GetTimestamp();
        var served = await gate.OpenAsync(caller, id.ToString(), cancellation);
        var records = PipelineFrames.ToRecords(rows, served.Champion.Header);
        var body = PipeReader.Create(new ReadOnlySequence<byte>(records));
        var model = await gate.ChooseAsync(served, null, body, RowFormat.Json, cancellation);
        var collected = new CollectedRows(model, served.Threshold ?? 0.5, served.Guard);
        await scoring.RunAsync(
            served, model, RowFormat.Json, KeptColumns.None, body, collected, PipeWriter.Create(Stream.Null), () => { }, cancellation);
        CollectedRow[] scored = [.. collected.All];
        var share = version.Definition.Models.FirstOrDefault(m => m.ModelId == model.Id) ?? new PipelineShare(model.Id, model.Name, "", 1);
        return new PipelineAnswer(
            rows, OutputsOf(model, scored), [.. scored.Select(r => r.IsRefused)], share, version.Id, clock.GetUtcNow(),
                clock.GetElapsedTime(start));
    }

    private static List<FrameColumn> OutputsOf(LoadedModel model, CollectedRow[] rows)
    {
        if (!model.IsRegression)
        {
            return
            [
                FrameColumn.Of("prediction", [.. rows.Select(r => r.IsRefused ? null : r.Prediction)]),
                FrameColumn.Of("probabilities", [.. rows.Select(r => r.Outputs)]),
            ];
        }
        return
        [
            FrameColumn.Of("prediction", [.. rows.Select(r => r.IsRefused ? double.NaN
                : r.Prediction is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var instead)
                    ? instead
                : r.Outputs[0])]),
        ];
    }
}
