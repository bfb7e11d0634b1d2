namespace ModelHub.Application.Sandboxes;

/// <summary>
/// Connections with a port in a sandbox, though no network leads there: a program inside opens them and hands them out, and then has no part in
/// what is said.
/// </summary>
public interface ISandboxLink : IDisposable
{
    /// <summary>The socket that the program connects to, one of the files that it is given.</summary>
    string Socket { get; }

    /// <exception cref="IOException">Nothing listens at the port, or the program is gone.</exception>
    Task<Stream> ConnectAsync(CancellationToken cancellation);
}
