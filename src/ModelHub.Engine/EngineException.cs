namespace ModelHub.Engine;

/// <summary>Data or options that the engine refuses. The message is fit for the person who sent them: it names the option, row or column.</summary>
public sealed class EngineException(string message) : Exception(message);
