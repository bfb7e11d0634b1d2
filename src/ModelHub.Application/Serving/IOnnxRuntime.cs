using ModelHub.Engine.Data;

namespace ModelHub.Application.Serving;

/// <summary>What a model file that does not say so itself predicts.</summary>
/// <param name="Classes">Of a classification, in the order of the model's probabilities (binary: negative, positive); empty for a regression.</param>
public sealed record ModelTarget(TaskKind Task, string Name, IReadOnlyList<string> Classes, double Threshold = 0.5)
{
    public static ModelTarget Regression { get; } = new(TaskKind.Regression, "target", []);
}

/// <summary>Runs ONNX files in this process, with ONNX Runtime's own library.</summary>
public interface IOnnxRuntime
{
    /// <summary>Null when ONNX files can be run; otherwise what is missing and how to get it.</summary>
    string? Missing { get; }

    /// <summary>Loads a file and infers one row, in a process of its own that may crash.</summary>
    /// <exception cref="Errors.ModelHubException">The file is broken, names external data, or asks for too much; or the library is missing.</exception>
    Task ProbeAsync(ReadOnlyMemory<byte> model, CancellationToken cancellation);

    /// <summary>A runner of a file that was probed before.</summary>
    /// <exception cref="Errors.ModelHubException">As <see cref="ProbeAsync"/>; or its inputs and outputs do not fit.</exception>
    /// <param name="target">Null for what the graph says: a classification by its labels and probabilities, else a regression.</param>
    IModelRunner Load(ReadOnlyMemory<byte> model, ModelTarget? target);
}
