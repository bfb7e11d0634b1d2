namespace ModelHub.Application;

/// <summary>What was committed anywhere, as PostgreSQL's notifications tell it; caches listen to it.</summary>
public sealed class ChangeFeed
{
    /// <summary>Channel (see <see cref="Notifications"/>) and payload. Handlers are quick and do not throw.</summary>
    public event Action<string, string>? Heard;

    public void Publish(string channel, string payload) => Heard?.Invoke(channel, payload);
}
