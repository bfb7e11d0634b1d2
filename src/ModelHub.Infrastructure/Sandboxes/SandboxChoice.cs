using ModelHub.Application.Sandboxes;
using ModelHub.Infrastructure.Containers;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>Programs with an image run in a container of it, all others on this host's own system under bubblewrap.</summary>
internal sealed class SandboxChoice(BubblewrapSandbox host, ContainerSandbox containers) : ISandbox
{
    public string NewFolder() => host.NewFolder();

    public ISandboxLink NewLink() => host.NewLink();

    public Task<ISandboxedProcess> StartAsync(SandboxedProgram program, CancellationToken cancellation) =>
        program.Image is null ? host.StartAsync(program, cancellation) : containers.StartAsync(program, cancellation);
}
