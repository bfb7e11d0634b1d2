using ModelHub.Application.Errors;
using ModelHub.Application.Registry;

namespace ModelHub.Application.CustomModels.Transfers;

/// <summary>What a version's model file predicts for the rows that its own inputs give: the same wherever it runs, or it is not the same model.</summary>
public sealed class GoldenRows(ModelFiles files)
{
    /// <summary>Native runtimes add up in an order that depends on the processor.</summary>
    private const double NativeTolerance = 1e-5;

    /// <summary>Null when the version is no model file that runs here, or names no inputs.</summary>
    /// <param name="isNew">Whether the file comes from outside.</param>
    public async Task<(string Runtime, double[] Outputs)?> PredictAsync(CustomModel model, CustomModelVersion version, bool isNew, CancellationToken cancellation)
    {
        if (version.Status == VersionStatus.Error || ModelFileSource.ModelFile(version) is not { } file)
            return null;
        OpenedModel opened;
        try
        {
            opened = await files.OpenAsync(file.Sha256, ModelFileSource.TargetOf(model), isHint: version.Conversion is not null, isNew, cancellation);
        }
        catch (ModelHubException refusal) when (refusal.Kind is ErrorKind.Invalid or ErrorKind.Unavailable or ErrorKind.TimedOut or ErrorKind.WrongState)
        {
            return null;
        }
        try
        {
            return SampleRows.Of(opened.Header) is { } rows ? (opened.Runtime, await opened.PredictAsync(rows, cancellation)) : null;
        }
        finally
        {
            if (opened.Runner is { } runner)
                await runner.DisposeAsync();
        }
    }

    /// <exception cref="ModelHubException">It predicts otherwise than the manifest says.</exception>
    public async Task RequireSameAsync(CustomModel model, CustomModelVersion version, IReadOnlyList<double> golden, CancellationToken cancellation)
    {
        if (await PredictAsync(model, version, isNew: true, cancellation) is not var (runtime, outputs))
            return;
        var tolerance = runtime == "onnx" ? NativeTolerance : 0;
        if (outputs.Length != golden.Count || outputs.Where((value, i) => !IsSame(value, golden[i], tolerance)).Any())
            throw CustomModelManifest.Refused($"The model file of version {version.Label} predicts here otherwise than the manifest says; nothing is imported.");
    }

    private static bool IsSame(double here, double there, double tolerance) =>
        here.Equals(there) || Math.Abs(here - there) <= tolerance * Math.Max(1, Math.Abs(there));
}
