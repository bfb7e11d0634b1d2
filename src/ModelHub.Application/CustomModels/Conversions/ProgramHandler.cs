using System.Text;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Archives;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Conversions;

/// <summary>Runs a version's program in a sandbox and attaches the files that it made. A program that fails is a result, not a failure of the job.</summary>
public sealed class ProgramHandler(HubDbContext db, ModelPrograms programs, Workshop workshop, IArtifactStore store, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "custom_model_version.conversion";
    private const int HeadBytes = 64 << 10;
    private const int MostColumns = 50;
    private const int LongestName = 1024;
    private static readonly ArchiveLimits Limits = new() { MostEntries = Conversion.MostOutputs, MostBytes = 2L << 30, MostRatio = 1000, Field = "output" };

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        var conversion = await db.Set<Conversion>().AsNoTracking().SingleOrDefaultAsync(c => c.Id == id, cancellation) ?? throw ModelHubException.NotFound("conversion");
        var (_, version, program) = await programs.FindAsync(conversion.VersionId, cancellation) ?? throw ModelHubException.NotFound("custom model version");
        var item = version.Files.Find(f => f.Id == conversion.ItemId) ?? throw ModelHubException.NotFound("file");
        var log = new BoundedLog();
        var done = await workshop.RunAsync(program, ["convert", item.Path], found => log = found, cancellation);
        var (outputs, failure) = done.Files is { } files ? await UnpackAsync(id, files, cancellation) : ([], done.Failure);
        await run.CommitAsync(
            async fresh =>
            {
                if (await fresh.Set<Conversion>().SingleOrDefaultAsync(c => c.Id == id) is not { } row)
                    return; // the model was deleted meanwhile
                foreach (var output in outputs)
                    await ArtifactRows.EnsureAsync(fresh, new StoredArtifact(output.Sha256, output.Size), clock.GetUtcNow(), CancellationToken.None);
                row.Outputs.AddRange(outputs);
                row.End(failure is null, $"{log}\n{failure}".Trim(), clock.GetUtcNow());
            },
            CancellationToken.None);
    }

    public async Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation)
    {
        if (await db.Set<Conversion>().FirstOrDefaultAsync(c => c.Id == job.SubjectId, cancellation) is { } conversion)
            conversion.End(succeeded: false, job.ErrorMessage ?? "The conversion was stopped.", clock.GetUtcNow());
    }

    private async Task<(List<ConversionOutput> Outputs, string? Failure)> UnpackAsync(Guid id, StoredArtifact files, CancellationToken cancellation)
    {
        var outputs = new List<ConversionOutput>();
        try
        {
            await using var archive = await store.OpenAsync(files.Sha256, cancellation);
            await ArchiveReader.ReadAsync(
                archive, Limits,
                async (path, content, stop) =>
                {
                    var bytes = await store.PutAsync((target, stopWriting) => content.CopyToAsync(target, stopWriting), stop);
                    outputs.Add(new ConversionOutput(id, path, bytes, await ColumnsAsync(path, bytes, stop)));
                },
                cancellation);
        }
        catch (ModelHubException refused) when (refused.Kind == ErrorKind.Invalid)
        {
            return ([], $"What the program made is refused: {refused.Message}");
        }
        return outputs.Count > 0 ? (outputs, null)
            : ([], $"The program made no file. It has to write what it makes into the folder that $OUTPUT_DIR names ({Workshop.OutputFolder}).");
    }

    private async Task<IReadOnlyList<string>> ColumnsAsync(string path, StoredArtifact bytes, CancellationToken cancellation)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (!name.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
            return [name];
        await using var content = await store.OpenAsync(bytes.Sha256, cancellation);
        var head = new byte[(int)Math.Min(content.Length, HeadBytes)];
        await content.ReadExactlyAsync(head, cancellation);
        var line = Encoding.UTF8.GetString(head).TrimStart('\uFEFF').Split('\n')[0].TrimEnd('\r');
        string[] names = [.. line.Split(',').Select(n => n.Trim().Trim('"')).Where(n => n.Length is > 0 and <= LongestName).Take(MostColumns)];
        return names.Length > 0 ? names : [name];
    }
}
