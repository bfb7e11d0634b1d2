using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Datasets;
using ModelHub.Application.Environments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;
using ModelHub.Application.Sharing;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>A test that somebody wants.</summary>
/// <param name="DatasetVersionId">Null for the dataset's newest.</param>
public sealed record NewTest(
    Guid ModelId, Guid VersionId, Guid DatasetId, Guid? DatasetVersionId, CustomModelRuntime Runtime, IReadOnlyDictionary<string, TestMode> Modes,
    ExtraChecks Extra);

/// <summary>A test with what it was made on.</summary>
public sealed record TestView(
    CustomModelTest Test, CustomModel Model, CustomModelVersion Version, Guid DatasetId, string CreatedBy, ExecutionEnvironment Environment,
    Guid EnvironmentVersionId, string EnvironmentVersionLabel);

/// <summary>Tests of custom model versions.</summary>
public sealed class TestService(HubDbContext db, JobService jobs, CustomModelAccess models, ProjectAccess access, ServerOffers offers, TimeProvider clock)
{
    private static readonly JsonSerializerOptions NamedOnly = new(JsonSerializerOptions.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <exception cref="ModelHubException">Something is unknown, the version has nothing to run, or the model is under test already.</exception>
    public async Task<TestView> StartAsync(Caller caller, NewTest wanted, CancellationToken cancellation)
    {
        var runtime = offers.Settle(caller, new CustomModelRuntime(), wanted.Runtime);
        if (Math.Max(wanted.Extra.Performance?.Users ?? 1, wanted.Extra.Stability?.Users ?? 1) > offers.Settings.MaximumTestUsers)
            throw ModelHubException.Invalid("configuration", $"'numberOfParallelUsers' is at most {offers.Settings.MaximumTestUsers} on this server.");
        var model = await models.RequireAsync(caller, wanted.ModelId, SharingRight.Edit, cancellation);
        var version = await db.Set<CustomModelVersion>().AsNoTracking()
            .FirstOrDefaultAsync(v => v.Id == wanted.VersionId && v.ModelId == model.Id, cancellation) ?? throw ModelHubException.NotFound("custom model version");
        var dataset = await db.Datasets.AsNoTracking().FirstOrDefaultAsync(d => d.Id == wanted.DatasetId, cancellation)
            ?? throw ModelHubException.NotFound("dataset");
        await access.RequireAsync(caller, dataset.ProjectId, ProjectRole.Viewer, "dataset", cancellation);
        var data = wanted.DatasetVersionId ?? dataset.LatestVersionId ?? throw ModelHubException.Invalid("datasetId", "The dataset has no data yet.");
        if (!await db.Set<DatasetVersion>().AnyAsync(v => v.Id == data && v.DatasetId == dataset.Id, cancellation))
            throw ModelHubException.NotFound("dataset version");
        if (wanted.Extra.Verification is { } verification)
        {
            var other = await db.Datasets.AsNoTracking().FirstOrDefaultAsync(d => d.Id == verification.DatasetId && d.LatestVersionId != null, cancellation)
                ?? throw ModelHubException.Invalid("configuration.predictionVerificationCheck", "'outputDatasetId' names no dataset with data.");
            await access.RequireAsync(caller, other.ProjectId, ProjectRole.Viewer, "dataset", cancellation);
        }
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        await db.Database.ExecuteSqlAsync($"select 1 from custom_models where id = {model.Id} for update", cancellation);
        if (await IsUnderTestAsync(model.Id, cancellation))
            throw ModelHubException.Invalid("customModelId", "This model is under test already; wait for the end of that test or cancel it.");
        var now = clock.GetUtcNow();
        var job = new Job(TestHandler.JobKind, JobLane.Light, caller.UserId, model.ProjectId, HubId.New(now), JsonSerializer.Serialize(wanted.Extra), now);
        var test = new CustomModelTest(job.SubjectId!.Value, version, data, job.Id, runtime, wanted.Modes, wanted.Extra.Names(), caller.UserId, now);
        db.Add(test);
        await jobs.EnqueueAsync(job, cancellation);
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return await GetAsync(caller, test.Id, cancellation);
    }

    public async Task<TestView> GetAsync(Caller caller, Guid id, CancellationToken cancellation) =>
        await Views(caller, db.Set<CustomModelTest>().Where(t => t.Id == id)).FirstOrDefaultAsync(cancellation) ?? throw ModelHubException.NotFound("custom model test");

    /// <summary>The newest first.</summary>
    /// <param name="asked">Only those that were asked for with this; what is null in it may be anything.</param>
    public Task<Page<TestView>> ListAsync(Caller caller, Guid modelId, CustomModelRuntime asked, Paging paging, CancellationToken cancellation)
    {
        var named = JsonSerializer.Serialize(asked, NamedOnly);
        var tests = db.Set<CustomModelTest>().FromSql($"select * from custom_model_tests where runtime @> {named}::jsonb");
        var ofModel = tests.Where(t => db.Set<CustomModelVersion>().Any(v => v.Id == t.VersionId && v.ModelId == modelId));
        return Views(caller, ofModel).ToPageAsync(paging, cancellation);
    }

    /// <exception cref="ModelHubException">It has ended already (<see cref="ErrorKind.Conflict"/>).</exception>
    public async Task CancelAsync(Caller caller, Guid id, CancellationToken cancellation)
    {
        var seen = await GetAsync(caller, id, cancellation);
        if (seen.Test.CompletedAt is not null)
            throw ModelHubException.Conflict("test_ended", "The test has ended already.");
        await models.RequireAsync(caller, seen.Model.Id, SharingRight.Edit, cancellation);
        await jobs.CancelAsync(seen.Test.JobId, cancellation);
        // What is asked of the model next sees the cancelled test, though its process may take a moment to end.
        await using var transaction = await db.Database.BeginTransactionAsync(cancellation);
        var test = await db.Set<CustomModelTest>().FromSql($"select * from custom_model_tests where id = {id} for update").RequireAsync("test", cancellation);
        test.End(TestStatus.Canceled, "The test was cancelled.", clock.GetUtcNow());
        await db.SaveChangesAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private Task<bool> IsUnderTestAsync(Guid modelId, CancellationToken cancellation) => db.Set<CustomModelTest>().AnyAsync(
        t => t.CompletedAt == null && db.Set<CustomModelVersion>().Any(v => v.Id == t.VersionId && v.ModelId == modelId), cancellation);

    private IQueryable<TestView> Views(Caller caller, IQueryable<CustomModelTest> tests) =>
        from test in tests.AsNoTracking()
        join version in db.Set<CustomModelVersion>().AsNoTracking() on test.VersionId equals version.Id
        join model in models.Visible(caller).AsNoTracking() on version.ModelId equals model.Id
        join data in db.Set<DatasetVersion>() on test.DatasetVersionId equals data.Id
        join user in db.Users on test.CreatedBy equals user.Id
        join environment in db.Set<ExecutionEnvironment>() on version.EnvironmentId ?? ExecutionEnvironment.BuiltInId equals environment.Id
        join built in db.Set<EnvironmentVersion>() on version.EnvironmentVersionId ?? ExecutionEnvironment.BuiltInVersionId equals built.Id
        orderby test.CreatedAt descending, test.Id
        select new TestView(test, model, version, data.DatasetId, user.Username, environment, built.Id, built.Label);
}
