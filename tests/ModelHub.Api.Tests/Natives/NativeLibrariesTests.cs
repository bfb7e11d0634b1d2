using ModelHub.Application.Errors;
using ModelHub.Infrastructure.Natives;

namespace ModelHub.Api.Tests.Natives;

public sealed class NativeLibrariesTests
{
    [Fact]
    public void What_was_never_fetched_is_missing_at_once_and_the_message_names_the_command()
    {
        var libraries = new NativeLibraries("/nowhere");
        var refusal = Assert.Throws<ModelHubException>(() => libraries.RequireDuckDb(CancellationToken.None));
        Assert.Equal((ErrorKind.Unavailable, "natives_missing"), (refusal.Kind, refusal.Code));
        Assert.Contains("./modelhub natives", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(refusal.Message, libraries.DuckDbMissing);
    }

    [Fact]
    public async Task Who_asks_during_the_fetch_waits_for_it()
    {
        var folder = Directory.CreateTempSubdirectory("modelhub-natives-test-").FullName;
        try
        {
            // The fetch finds the one file at its start and is held there until somebody waits for the other.
            using var waiting = new ManualResetEventSlim();
            File.WriteAllText(Path.Combine(folder, "libonnxruntime.so.1"), "");
            var libraries = new NativeLibraries(folder);
            var duck = Path.Combine(folder, "libduckdb.so");
            var fetch = libraries.FetchAsync(
                _ =>
                {
                    waiting.Wait();
                    File.WriteAllText(duck, "");
                },
                CancellationToken.None);
            Assert.Null(libraries.DuckDbMissing);
            var found = "";
            var asks = new Thread(() => found = libraries.RequireDuckDb(CancellationToken.None));
            asks.Start();
            Assert.True(SpinWait.SpinUntil(() => asks.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromMinutes(1)));
            waiting.Set();
            asks.Join();
            Assert.Equal(duck, found);
            await fetch;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
