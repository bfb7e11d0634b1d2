using ModelHub.Application.Errors;
using ModelHub.Engine.Data;

namespace ModelHub.Application.Serving;

/// <summary>A model whose answers may be something else than numbers: transformed rows, generated text, points; or that takes bodies of any kind.</summary>
public interface IAnsweringModel
{
    /// <summary>Whether its answers are numbers, as those of every other model: a value, or a probability per class.</summary>
    bool HasNumbers { get; }

    /// <summary>Whether it knows no rows: a body goes in as it is, and another comes out.</summary>
    bool IsUnstructured { get; }

    /// <exception cref="ModelHubException">It cannot be asked about rows, or what it answers is not wanted.</exception>
    void Require(bool takesAnswers)
    {
        if (IsUnstructured)
            throw ModelHubException.Invalid("deployment", "This model is unstructured: POST what it is to read to …/predictionsUnstructured.");
        if (!takesAnswers)
            throw ModelHubException.Invalid("deployment", "This model's answers are no numbers; ask it by the prediction API.");
    }

    /// <summary>One JSON text a row.</summary>
    Task<string[]> AnswerAsync(Table rows, CancellationToken cancellation);

    /// <summary>The model's answer to a body.</summary>
    Task<byte[]> PassAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation);
}
