using System.Security.Cryptography;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Engine;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Serialization.Foreign;

namespace ModelHub.Application.Registry;

/// <summary>A model file that runs here: one of the engine's, or a runner's.</summary>
/// <param name="Runtime">onnx, xgboost, lightgbm or modelhub.</param>
public sealed record OpenedModel(string Runtime, TrainedModel? Trained, IModelRunner? Runner)
{
    public ModelHeader Header => Trained?.Header ?? Runner!.Header;

    public LoadedModel Loaded(Guid id, Guid projectId, string name, long size) =>
        Trained is not null ? new LoadedModel(id, projectId, name, Trained, size) : new LoadedModel(id, projectId, name, Runner!, size);

    public async ValueTask<double[]> PredictAsync(Table rows, CancellationToken cancellation) =>
        Trained is not null ? Trained.Predict(rows, cancellation) : await Runner!.PredictAsync(rows, cancellation);
}

/// <summary>
/// Opens model files by their content, whatever they are called or said to be. Only data is read: no file's code is ever run here.
/// </summary>
public sealed class ModelFiles(IArtifactStore store, IEnumerable<IOnnxRuntime> onnx)
{
    private const long Largest = 1L << 30;
    private const int HeadBytes = 64 << 10;

    /// <summary>Files that a version may bring beside its model.</summary>
    private static readonly string[] Extensions =
        [".onnx", ".modelhub", ".json", ".ubj", ".txt", ".model", ".bst", ".xgb", ".lgb", ".lgbm"];

    /// <summary>Whether a name is one that model files have.</summary>
    public static bool Looks(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a name is one that nothing but a model has.</summary>
    public static bool IsPlain(string path) => Path.GetExtension(path).ToLowerInvariant() is ".onnx" or ".modelhub";

    /// <summary>What the file is; only its start is read.</summary>
    public async Task<ModelFormat> RecogniseAsync(string sha256, CancellationToken cancellation)
    {
        await using var stream = await store.OpenAsync(sha256, cancellation);
        var head = new byte[Math.Min(stream.Length, HeadBytes)];
        await stream.ReadExactlyAsync(head, cancellation);
        var format = ForeignModel.Recognise(head);

        // A long JSON text may name its kind late.
        return format == ModelFormat.Unknown && stream.Length is > HeadBytes and <= Largest
            && head.AsSpan().TrimStart(" \t\r\n"u8).StartsWith("{"u8)
            ? ForeignModel.Recognise(await ReadAsync(sha256, cancellation)) : format;
    }

    /// <summary>Reads a model that runs in this process.</summary>
    /// <param name="isNew">Whether nobody has opened it before: native formats are then tried in a process of their own first.</param>
    /// <param name="target">What it is to predict; null for what the file says, or else a regression.</param>
    /// <param name="isHint">Whether the target only gives names to what the file says, and otherwise does not matter.</param>
    /// <exception cref="ModelHubException">
    /// It is broken, of a kind that does not run here, or too large; or its bytes are not those that were stored.
    /// </exception>
    public async Task<OpenedModel> OpenAsync(
        string sha256, ModelTarget? target, bool isHint, bool isNew, CancellationToken cancellation)
    {
        var format = await RecogniseAsync(sha256, cancellation);
        if (!Runs(format))
            throw ModelHubException.Invalid("file", UnknownFiles.Describe(format));
        var bytes = await ReadAsync(sha256, cancellation);
        if (format == ModelFormat.Onnx)
            return ReadOnnx(bytes, target, isHint) ?? new OpenedModel("onnx", null, await LoadOnnxAsync(bytes, target, isHint, isNew, cancellation));
        try
        {
            var model = ForeignModel.TryRead(bytes).Model ?? throw ModelHubException.Invalid("file", UnknownFiles.Describe(format));
            return new OpenedModel(RuntimeOf(format), target is null || isHint && !Fits(model.Header, target) ? model
                : Aimed(model, target), null);
        }
        catch (EngineException broken)
        {
            throw new ModelHubException(
                ErrorKind.Invalid, "invalid", $"The file is broken or not supported ({RuntimeOf(format)}): {broken.Message}",
                    inner: broken);
        }
    }

    private static bool Runs(ModelFormat format) => format is ModelFormat.ModelHub or ModelFormat.XGBoostJson or ModelFormat.XGBoostUbj
        or ModelFormat.LightGbmText or ModelFormat.Onnx;

    private static string RuntimeOf(ModelFormat format) => format switch
    {
        ModelFormat.XGBoostJson or ModelFormat.XGBoostUbj => "xgboost",
        ModelFormat.LightGbmText => "lightgbm",
        ModelFormat.Onnx => "onnx",
        _ => "modelhub",
    };

    /// <summary>A model with the names and threshold that somebody gave to what it predicts.</summary>
    private static TrainedModel Aimed(TrainedModel model, ModelTarget target)
    {
        var header = model.Header;
        if (!Fits(header, target))
        {
            throw ModelHubException.Invalid(
                "targetType",
                $"The file holds a {Word(header.Task)} model of {header.Classes.Count} classes; "
                + $"the custom model is {Word(target.Task)} with {target.Classes.Count}.");
        }
        // The same names in another order mean the file's order; other names are given in that order.
        var classes = header.Classes.ToHashSet(StringComparer.Ordinal).SetEquals(target.Classes) ? header.Classes : target.Classes;
        return classes.SequenceEqual(header.Classes) && target.Name == header.Target && target.Threshold.Equals(header.Threshold) ? model
            : new TrainedModel(header with { Target = target.Name, Classes = classes, Threshold = target.Threshold }, model.Model);
    }

    private static string Word(TaskKind task) => task switch
    {
        TaskKind.Binary => "binary", TaskKind.Multiclass => "multiclass", TaskKind.Regression => "regression",
    };

    private static bool Fits(ModelHeader header, ModelTarget target) =>
        header.Task == target.Task && header.Classes.Count == target.Classes.Count;

    /// <summary>A graph of nothing but trees or weights, as a model of the engine's; null for ONNX Runtime to run.</summary>
    private static OpenedModel? ReadOnnx(ReadOnlyMemory<byte> bytes, ModelTarget? target, bool isHint)
    {
        if (ForeignModel.TryRead(bytes).Model is not { } model)
            return null;
        if (target is null || !Fits(model.Header, target))
            return target is null || isHint ? new OpenedModel("onnx", model, null) : null;
        // Classes are named in the order of the probabilities, as for a graph that is run.
        var header = model.Header with { Target = target.Name, Classes = target.Classes, Threshold = target.Threshold };
        return new OpenedModel("onnx", new TrainedModel(header, model.Model), null);
    }

    private async Task<IModelRunner> LoadOnnxAsync(
        byte[] bytes, ModelTarget? target, bool isHint, bool isNew, CancellationToken cancellation)
    {
        var runtime = onnx.FirstOrDefault()
            ?? throw new ModelHubException(
                ErrorKind.Unavailable, "natives_missing", "This hub has no ONNX Runtime: run ./modelhub natives.");
        if (isNew)
            await runtime.ProbeAsync(bytes, cancellation);
        if (target is null || !isHint)
            return runtime.Load(bytes, target);
        var asItSays = runtime.Load(bytes, null);
        if (!Fits(asItSays.Header, target))
            return asItSays;
        await asItSays.DisposeAsync();
        return runtime.Load(bytes, target);
    }

    private async Task<byte[]> ReadAsync(string sha256, CancellationToken cancellation)
    {
        await using var stream = await store.OpenAsync(sha256, cancellation);
        if (stream.Length > Largest)
        {
            throw new ModelHubException(
                ErrorKind.TooLarge, "model_too_large", $"The model file has {stream.Length} bytes; {Largest} are read here.");
        }
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellation);
        return Convert.ToHexStringLower(SHA256.HashData(bytes)) == sha256 ? bytes
            : throw new ModelHubException(
                ErrorKind.Internal, "artifact_damaged", "The model's file was changed on the disk: its checksum does not fit.");
    }
}
