using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ModelHub.Application.Errors;
using ModelHub.Application.Jobs;
using ModelHub.Application.Storage;
using ModelHub.Infrastructure.Storage;

namespace ModelHub.Infrastructure.Jobs;

/// <summary>Runs jobs: some slots for light ones, one for heavy ones, which use the machine's cores by themselves.</summary>
internal sealed class JobWorker(
    JobQueue queue, NotificationListener notifications, IServiceScopeFactory scopes, TimeProvider clock, ILogger<JobWorker> log) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(2);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var light = Enumerable.Range(0, Math.Max(2, Environment.ProcessorCount / 2)).Select(_ => SlotAsync(JobLane.Light, stoppingToken));
        return Task.WhenAll([.. light, SlotAsync(JobLane.Heavy, stoppingToken)]);
    }

    private async Task SlotAsync(JobLane lane, CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var woken = notifications.NextAsync(Application.Notifications.Jobs);
                if (lane == JobLane.Light && await queue.TakePoisonedAsync(stop) is { } poisoned)
                    await BuryAsync(poisoned.Id, poisoned.Token);
                else if (await queue.ClaimAsync(lane, stop) is { } claimed)
                    await RunAsync(claimed.Id, claimed.Token, stop);
                else
                    await Task.WhenAny(woken, Task.Delay(Poll, clock, stop));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                if (!DatabaseDown.Is(failure))
                    log.LogError(failure, "A worker slot stumbled");
                await Task.Delay(Poll, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunAsync(Guid id, Guid token, CancellationToken stop)
    {
        await using var scope = scopes.CreateAsyncScope();
        var job = await scope.ServiceProvider.GetRequiredService<HubDbContext>().Jobs.AsNoTracking().SingleAsync(j => j.Id == id, CancellationToken.None);
        var handler = scope.ServiceProvider.GetServices<IJobHandler>().FirstOrDefault(h => h.Kind == job.Kind);
        var run = new JobRun(job, token, queue, scopes, clock, Environment.ProcessorCount);
        using var work = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var beating = new CancellationTokenSource();
        var beat = run.BeatAsync(work, () => notifications.NextAsync(Application.Notifications.Jobs), beating.Token);
        try
        {
            await WorkAsync(run, handler, job, work.Token, stop);
        }
        finally
        {
            await beating.CancelAsync();
            await beat;
        }
        if (!run.Ended && !run.Lost && stop.IsCancellationRequested)
            await queue.HandBackAsync(id, token, CancellationToken.None);
    }

    private async Task WorkAsync(JobRun run, IJobHandler? handler, Job job, CancellationToken work, CancellationToken stop)
    {
        try
        {
            if (handler is null)
                throw new ModelHubException(ErrorKind.Internal, "unknown_job", $"This server cannot do jobs of kind '{job.Kind}'.");
            log.LogInformation("Job {JobId} ({Kind}) starts, attempt {Attempt}", job.Id, job.Kind, job.Attempt);
            if (job.CancelRequested)
                await run.EndAsync(handler, JobStatus.Cancelled, null);
            else
                await Task.Run(() => handler.RunAsync(run, work), CancellationToken.None);
            log.LogInformation("Job {JobId} ({Kind}) has ended", job.Id, job.Kind);
        }
        catch (JobLostException)
        {
            log.LogWarning("Job {JobId} ({Kind}) was taken over by another worker", job.Id, job.Kind);
        }
        catch (OperationCanceledException) when (work.IsCancellationRequested)
        {
            if (!run.Lost && !run.Ended && !stop.IsCancellationRequested)
                await run.EndAsync(handler, JobStatus.Cancelled, null);
        }
        catch (ModelHubException refusal) when (!run.Ended)
        {
            await run.EndAsync(handler, JobStatus.Failed, refusal);
        }
        catch (Exception failure) when (!run.Ended && !DatabaseDown.Is(failure))
        {
            log.LogError(failure, "Job {JobId} ({Kind}) failed", job.Id, job.Kind);
            var message = failure is OutOfMemoryException ? "There was not enough memory." : $"An unexpected error ended the job (job {job.Id}).";
            await run.EndAsync(handler, JobStatus.Failed, new ModelHubException(ErrorKind.Internal, "internal", message));
        }
    }

    private async Task BuryAsync(Guid id, Guid token)
    {
        await using var scope = scopes.CreateAsyncScope();
        var job = await scope.ServiceProvider.GetRequiredService<HubDbContext>().Jobs.AsNoTracking().SingleAsync(j => j.Id == id);
        var handler = scope.ServiceProvider.GetServices<IJobHandler>().FirstOrDefault(h => h.Kind == job.Kind);
        var error = new ModelHubException(
            ErrorKind.Internal, "worker_died", $"The job was given up after {job.Attempt} attempts: each time its worker died.");
        await new JobRun(job, token, queue, scopes, clock, 1).EndAsync(handler, JobStatus.Failed, error);
    }
}
