using ModelHub.Application.Jobs;
using Npgsql;

namespace ModelHub.Infrastructure.Jobs;

/// <summary>Claiming and holding jobs; plain SQL, since it is all about locks.</summary>
internal sealed class JobQueue(NpgsqlDataSource source)
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(1);

    /// <summary>Between beats, however many jobs are queued meanwhile.</summary>
    public static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Takes the next job of a lane: queued, or running under a lease that ran out. Owners with fewer running jobs come first. A job that
    /// has been tried too often is not taken but returned by <see cref="TakePoisonedAsync"/>.
    /// </summary>
    public async Task<(Guid Id, Guid Token)?> ClaimAsync(JobLane lane, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            update jobs set status = 'Running', attempt = attempt + 1, lease_token = gen_random_uuid(),
                            lease_until = now() + $2, started_at = coalesce(started_at, now())
            where id = (
                select j.id from jobs j
                where j.lane = $1 and j.attempt < j.max_attempts
                  and (j.status = 'Queued' or j.status = 'Running' and j.lease_until < now())
                order by (select count(*) from jobs r where r.owner_id = j.owner_id and r.status = 'Running'), j.created_at, j.id
                limit 1 for update skip locked)
            returning id, lease_token
            """);
        command.Parameters.AddWithValue(lane.ToString());
        command.Parameters.AddWithValue(Lease);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetGuid(0), reader.GetGuid(1)) : null;
    }

    /// <summary>Jobs whose last permitted attempt died with its worker: they are failed by whoever finds them.</summary>
    public async Task<(Guid Id, Guid Token)?> TakePoisonedAsync(CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            update jobs set lease_token = gen_random_uuid(), lease_until = now() + $1
            where id = (select id from jobs where status = 'Running' and lease_until < now() and attempt >= max_attempts
                        limit 1 for update skip locked)
            returning id, lease_token
            """);
        command.Parameters.AddWithValue(Lease);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? (reader.GetGuid(0), reader.GetGuid(1)) : null;
    }

    /// <summary>Renews the lease and publishes progress. Null: the job is no longer ours. Else whether a cancel was asked for.</summary>
    public async Task<bool?> BeatAsync(Guid id, Guid token, double progress, string? message, string log, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            update jobs set lease_until = now() + $3, progress = greatest(progress, $4), message = coalesce($5, message),
                            log = right(log || $6, $7)
            where id = $1 and lease_token = $2 and status = 'Running' returning cancel_requested
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(token);
        command.Parameters.AddWithValue(Lease);
        command.Parameters.AddWithValue(progress);
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = message });
        command.Parameters.AddWithValue(log);
        command.Parameters.AddWithValue(Job.LogLimit);
        return (bool?)await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>Gives a job back unfinished, without counting the attempt: the process is being stopped.</summary>
    public async Task HandBackAsync(Guid id, Guid token, CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(
            """
            with back as (update jobs set status = 'Queued', lease_token = null, lease_until = null, attempt = attempt - 1
                          where id = $1 and lease_token = $2 and status = 'Running' returning id)
            select pg_notify($3, '') from back
            """);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(token);
        command.Parameters.AddWithValue(Application.Notifications.Jobs);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
