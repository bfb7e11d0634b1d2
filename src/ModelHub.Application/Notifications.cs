namespace ModelHub.Application;

/// <summary>Channels of PostgreSQL's NOTIFY; sent in the transaction of the change, heard by every process after its commit.</summary>
public static class Notifications
{
    /// <summary>Work was queued.</summary>
    public const string Jobs = "modelhub_jobs";

    /// <summary>A key was revoked or a user deleted.</summary>
    public const string Keys = "modelhub_keys";

    /// <summary>A model was deleted, or a deployment changed; the payload is its id.</summary>
    public const string Serving = "modelhub_serving";
}
