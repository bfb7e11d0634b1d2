using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Datasets;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Registry;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Engine.Data;

namespace ModelHub.Application.CustomModels.Runs;

/// <summary>Runs a test of a custom model version. A model that fails its test is a result, not a failure of the job.</summary>
public sealed class TestHandler(HubDbContext db, ModelPrograms programs, ServerOffers offers, ModelFiles files, DatasetTables tables, TimeProvider clock) : IJobHandler
{
    public const string JobKind = "custom_model.test";

    public string Kind => JobKind;

    public async Task RunAsync(IJobRun run, CancellationToken cancellation)
    {
        var id = run.Job.SubjectId!.Value;
        var test = await db.Set<CustomModelTest>().AsNoTracking().SingleOrDefaultAsync(t => t.Id == id, cancellation)
            ?? throw ModelHubException.NotFound("test");
        await run.SaveAsync(async fresh => (await OwnAsync(fresh, id))?.Start(), cancellation);
        var (model, version, program) = await programs.FindAsync(test.VersionId, cancellation)
            ?? throw ModelHubException.NotFound("custom model version");
        var checks = new TestRun(log => Start(model, version, offers.Bound(program, test.Runtime), log), program.Target.Name, test, clock);
        try
        {
            var extra = JsonSerializer.Deserialize<ExtraChecks>(run.Job.Payload)!;
            await checks.RunAsync(await tables.ReadAsync(test.DatasetVersionId, cancellation), extra, () => ExpectedAsync(extra, cancellation), cancellation);
        }
        catch (OperationCanceledException) when (run.CancelRequested)
        {
            await run.SaveAsync(
                async fresh => (await OwnAsync(fresh, id))?.End(TestStatus.Canceled, checks.Log, clock.GetUtcNow()),
                CancellationToken.None);
            throw;
        }
        await run.CommitAsync(
            async fresh => (await OwnAsync(fresh, id))?.Finish(checks.Results, checks.Log, clock.GetUtcNow()),
            CancellationToken.None);
    }

    /// <summary>The dataset that predictions are to be compared with.</summary>
    private async Task<Table> ExpectedAsync(ExtraChecks extra, CancellationToken cancellation)
    {
        var id = await db.Datasets.Where(d => d.Id == extra.Verification!.DatasetId).Select(d => d.LatestVersionId).FirstOrDefaultAsync(cancellation);
        return await tables.ReadAsync(id ?? throw ModelHubException.NotFound("dataset"), cancellation);
    }

    /// <summary>The version's own code, or else the model file that it is.</summary>
    private IModelRunner Start(CustomModel model, CustomModelVersion version, ModelProgram program, Action<BoundedLog> log) =>
        ModelFileSource.ModelFile(version) is { } file
            ? new FileRunner(files, file.Sha256, ModelFileSource.TargetOf(model), version.Conversion is not null)
            : programs.Serve(program, log);

    public async Task EndedAsync(HubDbContext db, Job job, CancellationToken cancellation)
    {
        if (await OwnAsync(db, job.SubjectId!.Value) is { } test)
            test.End(job.Status == JobStatus.Cancelled ? TestStatus.Canceled : TestStatus.Failed, job.ErrorMessage ?? "", clock.GetUtcNow());
    }

    /// <summary>Null when the model was deleted meanwhile.</summary>
    private static Task<CustomModelTest?> OwnAsync(HubDbContext fresh, Guid id) =>
        fresh.Set<CustomModelTest>().FromSql($"select * from custom_model_tests where id = {id} for update").SingleOrDefaultAsync();
}
