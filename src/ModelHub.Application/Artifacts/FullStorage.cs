using ModelHub.Application.Errors;

namespace ModelHub.Application.Artifacts;

/// <summary>No room, or no room for another file, on a disk of the hub's.</summary>
public static class FullStorage
{
    private const int NoSpaceLeft = 28;

    public static bool Is(Exception failure) =>
        failure is IOException && (failure.HResult == NoSpaceLeft || failure.Message.Contains("No space left", StringComparison.Ordinal));

    public static ModelHubException Refusal(Exception failure) =>
        new(ErrorKind.Unavailable, "storage_full", "The hub's storage is full.", inner: failure);
}
