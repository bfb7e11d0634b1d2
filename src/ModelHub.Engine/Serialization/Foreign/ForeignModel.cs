using ModelHub.Engine.Inference;

namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>What a file is by its content, whatever it is called.</summary>
public enum ModelFormat
{
    Unknown,
    ModelHub,
    XGBoostJson,
    XGBoostUbj,
    LightGbmText,
    Onnx,
    Zip,
    Gzip,
    Pickle,
    Hdf5,
    Numpy,
    XGBoostBinary,
}

/// <summary>Model files by content, and those that the engine itself can run. Only data is read; nothing in a file is ever executed.</summary>
public static class ForeignModel
{
    /// <summary>Recognises a file and reads it when the engine can run it; Model is null for the other formats, and for ONNX graphs that are more than trees or weights.</summary>
    /// <exception cref="EngineException">It is of a format that the engine runs, but broken, or uses what has no form here.</exception>
    public static (ModelFormat Format, TrainedModel? Model) TryRead(ReadOnlyMemory<byte> bytes)
    {
        var format = Recognise(bytes.Span);
        try
        {
            return (format, format switch
            {
                ModelFormat.ModelHub => TrainedModel.FromArtifact(bytes),
                ModelFormat.XGBoostJson => XGBoostModel.Read(JsonModelReader.Read(bytes.Span)),
                ModelFormat.XGBoostUbj => XGBoostModel.Read(UbjModelReader.Read(bytes.Span)),
                ModelFormat.LightGbmText => LightGbmModel.Read(bytes.Span),
                ModelFormat.Onnx => OnnxModel.TryRead(bytes.Span),
                _ => null,
            });
        }
        catch (OverflowException)
        {
            throw new EngineException("The file holds a number that is out of range.");
        }
    }

    /// <summary>Looks at the first bytes, and for JSON at the first member's name.</summary>
    public static ModelFormat Recognise(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("MHMODEL"u8))
            return ModelFormat.ModelHub;
        if (bytes.StartsWith("PK\x03\x04"u8) || bytes.StartsWith("PK\x05\x06"u8))
            return ModelFormat.Zip;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return ModelFormat.Gzip;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']))
            return ModelFormat.Hdf5;
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y']))
            return ModelFormat.Numpy;
        if (bytes.Length > 2 && bytes[0] == 0x80 && bytes[1] is >= 2 and <= 5)
            return ModelFormat.Pickle;
        if (bytes.StartsWith("binf"u8))
            return ModelFormat.XGBoostBinary;
        if (bytes.Length > 8 && bytes[0] == '{' && (bytes[1] is (byte)'L' or (byte)'i' or (byte)'U' or (byte)'l' or (byte)'I' or (byte)'#' or (byte)'$'))
            return ModelFormat.XGBoostUbj;
        var text = bytes.TrimStart(" \t\r\n"u8);
        if (text.StartsWith("{"u8))
            return text[..Math.Min(text.Length, 4096)].IndexOf("\"learner\""u8) >= 0 || text.IndexOf("\"learner_model_param\""u8) >= 0
                ? ModelFormat.XGBoostJson : ModelFormat.Unknown;
        if (text.StartsWith("tree\n"u8) || text.StartsWith("tree\r\n"u8))
            return ModelFormat.LightGbmText;
        return OnnxSignature.Looks(bytes) ? ModelFormat.Onnx : ModelFormat.Unknown;
    }
}
