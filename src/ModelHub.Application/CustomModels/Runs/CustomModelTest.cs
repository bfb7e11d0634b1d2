using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using ModelHub.Application.Datasets;
using ModelHub.Application.Identity;
using ModelHub.Application.Storage;

namespace ModelHub.Application.CustomModels.Runs;

public enum TestStatus
{
    Queued,
    InProgress,
    Succeeded,
    Warning,
    Failed,
    Canceled,
    Aborted,
    Skipped,
    NotTested,
}

/// <summary>What a failed check means.</summary>
public enum TestMode
{
    Fail,
    Warn,
    Skip,
}

/// <summary>The checks that a test consists of, in the order in which they are made.</summary>
public static class TestChecks
{
    public const string Error = "errorCheck";
    public const string NullValues = "nullValueImputation";
    public const string LongRunning = "longRunningService";
    public const string SideEffects = "sideEffects";

    public const string Verification = "predictionVerificationCheck";
    public const string Performance = "performanceCheck";
    public const string Stability = "stabilityCheck";

    /// <summary>Those that every test consists of.</summary>
    public static readonly IReadOnlyList<string> All = [LongRunning, Error, NullValues, SideEffects];

    public static TestMode DefaultOf(string check) => check is NullValues or SideEffects ? TestMode.Warn : TestMode.Fail;
}

/// <summary>How one check went.</summary>
public sealed record TestResult(TestStatus Status, string Message);

/// <summary>A test of a version on a dataset: its server is started and asked, and its answers are looked at.</summary>
public sealed class CustomModelTest
{
    private CustomModelTest()
    {
    }

    public CustomModelTest(
        Guid id, CustomModelVersion version, Guid datasetVersionId, Guid jobId, CustomModelRuntime runtime,
        IReadOnlyDictionary<string, TestMode> modes, IEnumerable<string> extra, Guid createdBy, DateTimeOffset now)
    {
        (Id, ImageId) = (id, HubId.New(now));
        (VersionId, DatasetVersionId, JobId, Runtime, Modes, CreatedBy, CreatedAt) =
            (version.Id, datasetVersionId, jobId, runtime, modes, createdBy, now);
        Results = TestChecks.All.Concat(extra).ToDictionary(c => c, c => new TestResult(Mode(c) == TestMode.Skip ? TestStatus.Skipped : TestStatus.Queued, ""));
    }

    public Guid Id { get; private set; }

    public Guid VersionId { get; private set; }

    public Guid DatasetVersionId { get; private set; }

    public Guid JobId { get; private set; }

    /// <summary>What a test that succeeded proves, as a name for the version in its environment.</summary>
    public Guid ImageId { get; private set; }

    public CustomModelRuntime Runtime { get; private set; } = new();

    public IReadOnlyDictionary<string, TestMode> Modes { get; private set; } = new Dictionary<string, TestMode>();

    public TestStatus Status { get; private set; }

    public IReadOnlyDictionary<string, TestResult> Results { get; private set; } = new Dictionary<string, TestResult>();

    /// <summary>The model's output.</summary>
    public string Log { get; private set; } = "";

    public Guid CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public DateTimeOffset? CompletedAt { get; private set; }

    public TestMode Mode(string check) => Modes.TryGetValue(check, out var mode) ? mode : TestChecks.DefaultOf(check);

    public void Start()
    {
        Status = TestStatus.InProgress;
        Results = Results.ToDictionary(r => r.Key, r => r.Value.Status == TestStatus.Queued ? new TestResult(TestStatus.InProgress, "") : r.Value);
    }

    /// <summary>The end of a test that came to one; what was not reached is aborted.</summary>
    public void Finish(IReadOnlyDictionary<string, TestResult> results, string log, DateTimeOffset now)
    {
        if (CompletedAt is not null)
            return;
        Close(results, TestStatus.Aborted, log, now);
        Status = Results.Values.Any(r => r.Status == TestStatus.Failed) ? TestStatus.Failed
            : Results.Values.Any(r => r.Status == TestStatus.Warning) ? TestStatus.Warning : TestStatus.Succeeded;
    }

    /// <summary>The end of a test that was cancelled, or whose job failed for a reason of the hub's.</summary>
    public void End(TestStatus status, string message, DateTimeOffset now)
    {
        if (CompletedAt is not null)
            return;
        Close(new Dictionary<string, TestResult>(), status == TestStatus.Canceled ? TestStatus.Canceled : TestStatus.Aborted, Log.Length > 0 ? Log : message, now);
        Status = status;
    }

    private void Close(IReadOnlyDictionary<string, TestResult> results, TestStatus open, string log, DateTimeOffset now)
    {
        Results = Results.ToDictionary(
            r => r.Key, r => results.TryGetValue(r.Key, out var found) ? found
                : r.Value.Status is TestStatus.Queued or TestStatus.InProgress ? new TestResult(open, "") : r.Value);
        (Log, CompletedAt) = (log.Replace("\0", "", StringComparison.Ordinal), now);
    }
}

internal sealed class CustomModelTestStorage : IEntityTypeConfiguration<CustomModelTest>
{
    public void Configure(EntityTypeBuilder<CustomModelTest> e)
    {
        e.ToTable("custom_model_tests");
        e.Property(t => t.Runtime).IsJson();
        e.Property(t => t.Modes).IsJson();
        e.Property(t => t.Results).IsJson();
        e.HasIndex(t => new { t.VersionId, t.CreatedAt });
        e.HasIndex(t => t.JobId);
        e.HasIndex(t => t.ImageId);
        e.HasOne<CustomModelVersion>().WithMany().HasForeignKey(t => t.VersionId).OnDelete(DeleteBehavior.Cascade);
        e.HasOne<DatasetVersion>().WithMany().HasForeignKey(t => t.DatasetVersionId).OnDelete(DeleteBehavior.Cascade);
    }
}
