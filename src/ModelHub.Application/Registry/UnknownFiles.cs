using ModelHub.Engine.Serialization.Foreign;

namespace ModelHub.Application.Registry;

/// <summary>What to say of files that hold no model that runs in the hub itself, and what to do instead.</summary>
internal static class UnknownFiles
{
    private const string Instead = "export it to ONNX, or upload a zip with it and a custom.py that loads it, which runs in a sandbox";

    public static string Describe(ModelFormat format) => format switch
    {
        ModelFormat.Pickle => $"This is a Python pickle (scikit-learn, joblib, cloudpickle). The hub never opens one itself: {Instead}.",
        ModelFormat.Hdf5 => $"This is an HDF5 file (Keras), which needs TensorFlow: {Instead}.",
        ModelFormat.Numpy => $"This is a NumPy array and no model: {Instead}.",
        ModelFormat.XGBoostBinary =>
            "This is XGBoost's old binary form, which XGBoost itself has given up: save the model as .json or .ubj.",
        ModelFormat.Gzip => "The file is packed with gzip: upload it unpacked.",
        ModelFormat.Zip => "The archive has neither a custom.py nor a start_server.sh (nor is it one of PyTorch, Keras or TensorFlow "
            + $"that could be run): {Instead}.",
        _ => "The file's content is no model that is known here: ONNX, XGBoost (.json, .ubj), LightGBM (text), a ModelHub artifact, "
            + "or a zip with custom.py or start_server.sh.",
    };
}
