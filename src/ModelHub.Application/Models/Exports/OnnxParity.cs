using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Datasets;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Models.Exports;

/// <summary>How far an exported model's predictions are from ours.</summary>
/// <param name="Largest">The largest absolute difference of any probability, or of the value.</param>
public sealed record Parity(double Largest, int Rows, bool OnValidation);

/// <summary>Runs an exported model with ONNX Runtime over the rows that its training held out.</summary>
public sealed class OnnxParity(HubDbContext db, DatasetTables tables, IOnnxRuntime runtime)
{
    private const int MostRows = 10_000;

    /// <summary>Why nothing can be compared here; null when it can.</summary>
    public string? Missing => runtime.Missing;

    /// <summary>
    /// Over the experiment's validation rows, or, where folds were held out in turn, over rows spread evenly over all; at most 10,000.
    /// </summary>
    public async Task<Parity> MeasureAsync(Model model, TrainedModel trained, byte[] onnx, CancellationToken cancellation)
    {
        var experiment = await db.Experiments.AsNoTracking().SingleAsync(x => x.Id == model.ExperimentId, cancellation);
        var validation = experiment.Config.ValidationVersionId;
        var table = await tables.ReadAsync(validation ?? experiment.DatasetVersionId, cancellation);
        if (table.RowCount > MostRows)
            table = table.Take([.. Enumerable.Range(0, MostRows).Select(i => (int)((long)i * table.RowCount / MostRows))]);
        await using var runner = runtime.Load(onnx, new ModelTarget(trained.Task, trained.Header.Target, trained.Classes, trained.Header.Threshold));
        return new Parity(await LargestAsync(trained, runner, table, cancellation), table.RowCount, validation is not null);
    }

    private static async Task<double> LargestAsync(TrainedModel trained, IModelRunner runner, Table table, CancellationToken cancellation)
    {
        var theirs = await runner.PredictAsync(table, cancellation);
        var ours = trained.Predict(table, cancellation);
        var largest = 0.0;
        for (var i = 0; i < ours.Length; i++)
            largest = Math.Max(largest, Math.Abs(ours[i] - theirs[i]) is var difference && double.IsFinite(difference) ? difference : double.MaxValue);
        return largest;
    }
}
