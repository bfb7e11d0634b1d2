using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels;

/// <summary>Copies a custom model with all its versions; the files' bytes are shared.</summary>
public sealed class CopyService(HubDbContext db, CustomModelAccess access, CustomModelViews views, HomeProject home, TimeProvider clock)
{
    public async Task<CustomModelView> CopyAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var original = await access.RequireAsync(caller, id, SharingRight.Use, cancellation);
        var now = clock.GetUtcNow();
        var name = original.Name.Length > 240 ? original.Name[..240] : original.Name;
        var copy = new CustomModel(await home.EnsureAsync(caller, cancellation), name + " (copy)", original.TargetType, caller.UserId, now);
        copy.Rename(copy.Name, original.Description, original.Language, now);
        copy.Become(original.Type, userProvidedId: null, original.TemplateId);
        copy.Aim(original.Target, isFixed: false, now);
        copy.RunWith(original.Runtime, now);
        if (original.TrainingData is { } data)
            copy.AssignTrainingData(data, now);
        copy.KeepTrainingDataOfVersions(original.TrainingDataOfVersions);
        copy.Remember(original.Git, original.Extra);
        db.Add(copy);
        var versions = await db.Set<CustomModelVersion>().AsNoTracking().Include(v => v.Files).Where(v => v.ModelId == id)
            .OrderBy(v => v.Major).ThenBy(v => v.Minor).ToListAsync(cancellation);
        foreach (var version in versions)
        {
            var twin = Copy(version, copy.Id, caller.UserId, now);
            db.Add(twin);
            copy.Point(twin, now);
        }
        await db.SaveChangesAsync(cancellation);
        return await views.OfAsync(copy, cancellation);
    }

    private static CustomModelVersion Copy(CustomModelVersion version, Guid modelId, Guid userId, DateTimeOffset now)
    {
        var twin = new CustomModelVersion(modelId, version.Major, version.Minor, userId, now);
        twin.RunIn(version.EnvironmentId, version.EnvironmentVersionId, version.Runtime);
        twin.Describe(version.Description, version.Git, version.Metadata, now);
        twin.Need(version.Dependencies);
        twin.LearnFrom(version.TrainingData, version.HoldoutData);
        twin.Upload(version.Framework, version.Conversion, version.UploadSha256, version.Status);
        twin.Remember(version.Extra);
        foreach (var file in version.Files)
        {
            var row = new CustomModelFile(twin.Id, file.Ordinal, file.Path, file.Sha256, file.Size, now);
            row.ComeFrom(file.Origin);
            twin.Add(row);
        }
        return twin;
    }
}
