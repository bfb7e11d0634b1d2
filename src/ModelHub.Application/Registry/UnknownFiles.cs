using ModelHub.Engine.Serialization.Foreign;

namespace ModelHub.Application.Registry;

/// <summary>What to say of files that hold no model that runs in the hub itself, and what to do instead.</summary>
internal static class UnknownFiles
{
    private const string Instead = "export it to ONNX, or upload a zip with it and a custom.py that loads it, which runs in a sandbox";

    /// <summary>What to say of an archive without code and without a model file.</summary>
    public static string DescribeArchive(IReadOnlyList<string> paths)
    {
        var names = paths.Select(p => p[(p.LastIndexOf('/') + 1)..]).ToHashSet(StringComparer.Ordinal);
        var what = names.Contains("data.pkl") ? "This is a PyTorch file, which needs PyTorch"
            : names.Contains("model.weights.h5") ? "This is a Keras file, which needs TensorFlow or another backend of Keras"
            : names.Contains("saved_model.pb") ? "This is a TensorFlow model, which needs TensorFlow"
            : names.Contains("MLmodel") ? "This is an MLflow model, which needs MLflow and the library that made it"
            : "The archive has neither a custom.py nor a start_server.sh, nor one model file that is known here";
        return $"{what}: {Instead}.";
    }

    public static string Describe(ModelFormat format) => format switch
    {
        ModelFormat.Pickle => $"This is a Python pickle (scikit-learn, joblib, cloudpickle). The hub never opens one itself: {Instead}.",
        ModelFormat.Hdf5 => $"This is an HDF5 file (Keras), which needs TensorFlow: {Instead}.",
        ModelFormat.Numpy => $"This is a NumPy array and no model: {Instead}.",
        ModelFormat.XGBoostBinary =>
            "This is XGBoost's old binary form, which XGBoost itself has given up: save the model as .json or .ubj.",
        ModelFormat.Gzip => "The file is packed with gzip: upload it unpacked.",
        ModelFormat.Zip => DescribeArchive([]),
        _ => "The file's content is no model that is known here: ONNX, XGBoost (.json, .ubj), LightGBM (text), a ModelHub artifact, "
            + "or a zip with custom.py or start_server.sh.",
    };
}
