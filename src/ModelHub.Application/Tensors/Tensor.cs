namespace ModelHub.Application.Tensors;

/// <summary>What a tensor holds: the data types of the Open Inference Protocol.</summary>
public enum TensorType
{
    Bool,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Fp32,
    Fp64,

    /// <summary>Texts, UTF-8.</summary>
    Bytes,
}

/// <summary>A named array, row-major.</summary>
/// <param name="Numbers">Of every type but <see cref="TensorType.Bytes"/>; NaN is missing.</param>
/// <param name="Texts">Of <see cref="TensorType.Bytes"/>; null is missing.</param>
public sealed record Tensor(string Name, TensorType Type, IReadOnlyList<long> Shape, double[]? Numbers, string?[]? Texts)
{
    public const int MostDimensions = 8;

    public int Length => Numbers?.Length ?? Texts!.Length;

    public int Rows => (int)Shape[0];

    /// <summary>Values per row.</summary>
    public int Width => Rows == 0 ? 0 : Length / Rows;
}

/// <summary>A tensor that a model reads or gives; -1 stands for any number of rows.</summary>
public sealed record TensorSignature(string Name, TensorType Type, IReadOnlyList<long> Shape);

/// <summary>A model as those see it who speak in tensors.</summary>
public sealed record TensorModel(
    string Name, IReadOnlyList<string> Versions, string Platform, IReadOnlyList<TensorSignature> Inputs, IReadOnlyList<TensorSignature> Outputs);

/// <summary>Answers to tensors, and which model and version gave them.</summary>
public sealed record TensorAnswer(string Name, string Version, IReadOnlyList<Tensor> Outputs);
