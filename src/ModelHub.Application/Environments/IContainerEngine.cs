namespace ModelHub.Application.Environments;

/// <summary>A container engine (Docker or Podman) that builds, loads and pulls images. There may be none.</summary>
public interface IContainerEngine
{
    /// <exception cref="Errors.ModelHubException"><see cref="Errors.ErrorKind.Unavailable"/>: none answers; the message names what to install.</exception>
    Task RequireAsync(CancellationToken cancellation);

    /// <summary>Whether the engine has an image, by its name or id, without asking anybody else.</summary>
    Task<bool> HasAsync(string reference, CancellationToken cancellation);

    /// <summary>Builds a Docker context (a tar, plain or gzipped) without network and returns the image's id.</summary>
    /// <param name="log">Told of every line of the engine's output.</param>
    /// <exception cref="Errors.ModelHubException">The engine refuses it (<see cref="Errors.ErrorKind.Invalid"/>) or takes too long.</exception>
    Task<string> BuildAsync(Stream context, Action<string> log, CancellationToken cancellation);

    /// <summary>Takes in an image as an engine saves it, and returns its id.</summary>
    Task<string> LoadAsync(Stream image, Action<string> log, CancellationToken cancellation);

    /// <summary>Fetches an image from a registry that the administrator allowed, and returns its id.</summary>
    Task<string> PullAsync(string reference, Action<string> log, CancellationToken cancellation);

    /// <summary>Writes an image as a tar.</summary>
    Task SaveAsync(string image, Stream target, CancellationToken cancellation);
}
