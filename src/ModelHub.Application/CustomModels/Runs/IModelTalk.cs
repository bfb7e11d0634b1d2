namespace ModelHub.Application.CustomModels.Runs;

/// <summary>How requests get to a model's process and answers back. Thread-safe.</summary>
internal interface IModelTalk : IDisposable
{
    /// <summary>Completes when the model can be asked.</summary>
    Task ReadyAsync(CancellationToken cancellation);

    /// <summary>An HTTP status and a body.</summary>
    /// <exception cref="IOException">The process ended, or does not speak as it should.</exception>
    Task<(int Status, byte[] Body)> AskAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation);
}
