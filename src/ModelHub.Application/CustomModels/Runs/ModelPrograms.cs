using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Versions as programs. The bytes stay where they lie in the artifact store, shared between versions; sandboxes see them read-only.</summary>
public sealed class ModelPrograms(IServiceScopeFactory scopes, IArtifactStore store, ISandbox sandbox, TimeProvider clock)
{
    private readonly Lazy<string> _host = new(() =>
    {
        var path = Path.Combine(sandbox.NewFolder(), "host.py");
        using var source = typeof(ModelPrograms).Assembly.GetManifestResourceStream("host.py")!;
        using var file = File.Create(path);
        source.CopyTo(file);
        return path;
    });

    /// <summary>The version's model, and what runs it; null for an unknown version.</summary>
    public async Task<(CustomModel Model, CustomModelVersion Version, ModelProgram Program)?> FindAsync(Guid versionId, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        if (await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).FirstOrDefaultAsync(v => v.Id == versionId, cancellation) is not { } version)
            return null;
        var model = await db.Set<CustomModel>().AsNoTracking().SingleAsync(m => m.Id == version.ModelId, cancellation);
        var files = new List<(string, string)>(version.Files.Count);
        foreach (var file in version.Files)
            files.Add((file.Path, await store.LocalPathAsync(file.Sha256, cancellation)));
        return (model, version, new ModelProgram
        {
            Files = files, TargetType = model.TargetType, Target = model.Target,
            Memory = version.Runtime.MaximumMemory ?? model.Runtime.MaximumMemory ?? ResourceLimits.DefaultMemory,
            Replicas = version.Runtime.Replicas ?? model.Runtime.Replicas ?? 1,
            HasNetwork = (version.Runtime.Network ?? model.Runtime.Network) == NetworkPolicy.Public,
        });
    }

    public ModelServer Serve(ModelProgram program, Action<BoundedLog>? logged = null) =>
        new(sandbox, program, _host.Value, clock) { Logged = logged };
}
