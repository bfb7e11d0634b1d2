using System.Buffers;
using System.IO.Pipelines;
using ModelHub.Application.CustomModels.Insights;
using ModelHub.Application.Errors;
using ModelHub.Application.Monitoring;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;

namespace ModelHub.Application.Deployments;

/// <summary>Scores a request of a deployment, and leaves notes of it: for the counts, for the shadows.</summary>
public sealed class DeploymentScoring(PredictionLog predictions, ShadowScoring shadows, ExplanationBaselines baselines, TimeProvider clock)
{
    /// <exception cref="ModelHubException">The rows are refused, or the model fails.</exception>
    public async Task RunAsync(
        ServedDeployment served, LoadedModel model, RowFormat format, KeptColumns kept, PipeReader body, IScoredRowsWriter writer, PipeWriter output,
        Action starting, CancellationToken cancellation)
    {
        var start = clock.GetTimestamp();
        var shadowed = served.Shadows.Count == 0 ? null : await CopyAsync(body, cancellation);
        var answered = shadowed is null ? null : new ArrayBufferWriter<double>();
        var run = new ScoringRun(model, format, WithAssociation(served, kept), writer, output)
        {
            Baseline = writer.Explains && model is { Runner: not null, Answering: null } ? await BaselineAsync(model.Id, cancellation) : null,
            Starting = starting,
            Scored = (block, columns) =>
            {
                if (model.Answering is null)
                    predictions.Scored(served, model, block, columns);
                answered?.Write(block.Outputs);
            },
        };
        var isError = true;
        try
        {
            await run.RunAsync(body, cancellation);
            isError = false;
        }
        finally
        {
            predictions.Answered(served.Id, model.Id, run.RowCount, clock.GetElapsedTime(start), isError);
        }
        if (shadowed is not null)
            shadows.Enqueue(served, format, shadowed, answered!.WrittenSpan.ToArray());
    }

    /// <summary>Hands a body to an unstructured model and gives back its answer.</summary>
    public async Task<byte[]> PassAsync(ServedDeployment served, LoadedModel model, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        if (model.Answering is not { IsUnstructured: true } answering)
            throw ModelHubException.Invalid("deployment", "This model is not unstructured: POST rows to …/predictions.");
        var (start, isError) = (clock.GetTimestamp(), true);
        try
        {
            var answer = await answering.PassAsync(body, cancellation);
            isError = false;
            return answer;
        }
        finally
        {
            predictions.Answered(served.Id, model.Id, 1, clock.GetElapsedTime(start), isError);
        }
    }

    private async Task<ExplanationBaseline> BaselineAsync(Guid modelId, CancellationToken cancellation) =>
        await baselines.FindAsync(modelId, cancellation) ?? throw new ModelHubException(
            ErrorKind.Invalid, "no_explanations", "Explanations of this model have to be initialized first: POST its version's predictionExplanationsInitialization/.");

    private static KeptColumns WithAssociation(ServedDeployment served, KeptColumns kept) =>
        served.Settings is { KeepPredictions: true, AssociationId: { } name } && !kept.All
            ? kept with { Names = new HashSet<string>(kept.Names, StringComparer.Ordinal) { name } } : kept;

    /// <summary>The body's bytes, left where they are to be read; null when they are too many.</summary>
    private static async ValueTask<byte[]?> CopyAsync(PipeReader body, CancellationToken cancellation)
    {
        var read = await body.ReadAtLeastAsync(ShadowScoring.LargestBody, cancellation);
        var copy = read.IsCompleted && read.Buffer.Length <= ShadowScoring.LargestBody ? read.Buffer.ToArray() : null;
        body.AdvanceTo(read.Buffer.Start);
        return copy;
    }
}
