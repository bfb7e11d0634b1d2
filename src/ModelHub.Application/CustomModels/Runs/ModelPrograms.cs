using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels.Conversions;
using ModelHub.Application.CustomModels.Dependencies;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Environments;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Versions as programs. The bytes stay where they lie in the artifact store, shared between versions; sandboxes see them read-only.</summary>
public sealed class ModelPrograms(IServiceScopeFactory scopes, IArtifactStore store, ISandbox sandbox, PackageFolders packages, ServerOffers offers, TimeProvider clock)
{
    private readonly Lazy<string> _host = new(() => Resource("host.py", sandbox.NewFolder()));

    /// <summary>The version's model, and what runs it; null for an unknown version.</summary>
    public async Task<(CustomModel Model, CustomModelVersion Version, ModelProgram Program)?> FindAsync(Guid versionId, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<HubDbContext>();
        if (await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).FirstOrDefaultAsync(v => v.Id == versionId, cancellation) is not { } version)
            return null;
        var model = await db.Set<CustomModel>().AsNoTracking().Where(m => m.Id == version.ModelId).RequireAsync("model", cancellation);
        var files = new List<(string, string)>(version.Files.Count);
        foreach (var file in version.Files)
            files.Add((file.Path, await store.LocalPathAsync(file.Sha256, cancellation)));
        foreach (var made in await MadeAsync(db, versionId, cancellation))
        {
            if (!version.Files.Exists(f => f.Path.Equals(made.Path, StringComparison.OrdinalIgnoreCase)))
                files.Add((made.Path, await store.LocalPathAsync(made.Sha256, cancellation)));
        }
        var runtime = model.Runtime.With(version.Runtime);
        var (image, refusal) = await EnvironmentAsync(db, version, cancellation);
        var secrets = await SecretsAsync(db, version, runtime, cancellation);
        var built = await db.Set<DependencyBuild>().AsNoTracking().FirstOrDefaultAsync(b => b.VersionId == versionId && b.PackagesSha256 != null, cancellation);
        var program = new ModelProgram
        {
            Files = files, TargetType = model.TargetType, Target = model.Target, Memory = offers.Settings.DefaultMemory, Image = image,
            Refusal = refusal ?? (secrets is null ? "The secrets that it is set to run with are not for who brought its code, or no longer there." : null),
            Secrets = secrets ?? new Dictionary<string, string>(),
            Packages = built is null ? null : await packages.EnsureAsync(built.PackagesSha256!),
        };
        return (model, version, offers.Bound(program, runtime));
    }

    public ModelServer Serve(ModelProgram program, Action<BoundedLog>? logged = null) =>
        new(sandbox, program, _host.Value, clock) { Logged = logged };

    /// <summary>Writes a program that comes with the hub into a folder and returns its path.</summary>
    internal static string Resource(string name, string folder)
    {
        var path = Path.Combine(folder, name);
        using var source = typeof(ModelPrograms).Assembly.GetManifestResourceStream(name)!;
        using var file = File.Create(path);
        source.CopyTo(file);
        return path;
    }

    /// <summary>Code runs in the environment that was chosen for it, or not at all.</summary>
    private async Task<(SandboxImage? Image, string? Refusal)> EnvironmentAsync(HubDbContext db, CustomModelVersion version, CancellationToken cancellation)
    {
        if (version.EnvironmentId is null || version.EnvironmentId == ExecutionEnvironment.BuiltInId)
            return (null, null);
        var built = version.EnvironmentVersionId is not { } id ? null : await db.Set<EnvironmentVersion>().AsNoTracking()
            .FirstOrDefaultAsync(v => v.Id == id && v.BuildStatus == BuildStatus.Success && v.EngineImage != null, cancellation);
        if (built is null)
            return (null, "The version's environment has no version that was built: build one, or make a version with the built-in Python environment.");
        return (new SandboxImage(built.EngineImage!, built.ImageSha256 is { } sha ? await store.LocalPathAsync(sha, cancellation) : null), null);
    }

    /// <summary>What goes to code is decided by who brought it: others may change a model that is shared with them.</summary>
    private async Task<IReadOnlyDictionary<string, string>?> SecretsAsync(
        HubDbContext db, CustomModelVersion version, CustomModelRuntime runtime, CancellationToken cancellation) => runtime.SecretConfigId is not { } id
        ? new Dictionary<string, string>()
        : offers.VariablesOf(id, await db.Users.Where(u => u.Id == version.CreatedBy).Select(u => u.Username).FirstOrDefaultAsync(cancellation) ?? "");

    /// <summary>The files of the newest conversion that succeeded.</summary>
    private static async Task<List<ConversionOutput>> MadeAsync(HubDbContext db, Guid versionId, CancellationToken cancellation)
    {
        var newest = await db.Set<Conversion>().AsNoTracking().Include(c => c.Outputs).Where(c => c.VersionId == versionId && c.Succeeded == true)
            .OrderByDescending(c => c.CreatedAt).FirstOrDefaultAsync(cancellation);
        return newest?.Outputs ?? [];
    }
}
