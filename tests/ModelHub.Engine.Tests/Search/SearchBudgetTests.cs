using System.Collections.Concurrent;
using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Search;

namespace ModelHub.Engine.Tests.Search;

/// <summary>Budgets, cancelling and going on, on a clock that only moves when it is read, so that no machine is too slow for them.</summary>
public sealed class SearchBudgetTests
{
    [Fact]
    public void ASearchEndsWithinItsTimeAndKeepsWhatItHas()
    {
        var clock = new TickingClock(TimeSpan.FromMilliseconds(10));
        var options = new AutoMlOptions { Target = "y", Folds = 3, Threads = 2, MaxRuntime = TimeSpan.FromSeconds(20) };
        var result = AutoMlSearch.Run(Curves.Moons(200), options, null, clock, CancellationToken.None);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(22));
        Assert.Contains(result.Candidates, c => c.Model is not null);
    }

    [Fact]
    public void ATimeTooShortForAnyModelIsRefusedWithItsReason()
    {
        var clock = new TickingClock(TimeSpan.FromSeconds(5));
        var options = new AutoMlOptions { Target = "y", Folds = 3, Threads = 1, MaxRuntime = TimeSpan.FromSeconds(1) };
        var refusal = Assert.Throws<EngineException>(() => AutoMlSearch.Run(Curves.Moons(200), options, null, clock, CancellationToken.None));
        Assert.Contains("before a first model", refusal.Message);
    }

    [Fact]
    public void CancellingInTheMiddleKeepsWhatWasToldBefore()
    {
        using var cancel = new CancellationTokenSource();
        var told = new List<CandidateResult>();
        void Hear(double share, string message, CandidateResult latest)
        {
            told.Add(latest);
            cancel.Cancel();
        }
        var options = new AutoMlOptions { Target = "y", Folds = 3, Threads = 2 };
        Assert.ThrowsAny<OperationCanceledException>(() => AutoMlSearch.Run(Curves.Moons(200), options, Hear, TimeProvider.System, cancel.Token));
        Assert.Contains(told, c => c.Model is not null);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ASearchThatWasKilledManyTimesEndsInTheSameBytes(bool hasSecondLevel)
    {
        var options = Options(hasSecondLevel) with { Threads = 2 };
        var whole = Run(options, null);
        Assert.Equal(hasSecondLevel, whole.Candidates.Any(c => c.Model?.Model is StackedModel));
        var journal = new KeptJournal();
        for (var kill = 1; kill <= 10; kill++)
        {
            journal.DieAfter(kill);
            try
            {
                Run(options, journal);
            }
            catch (TimeoutException)
            {
                journal.Forget();
            }
        }
        var stored = journal.Stored;
        journal.DieAfter(int.MaxValue);
        var resumed = Run(options, journal);
        Assert.True(stored > 3);
        Assert.Equal(whole.Candidates.Select(c => c.Name), resumed.Candidates.Select(c => c.Name));
        foreach (var (a, b) in whole.Candidates.Zip(resumed.Candidates))
            Assert.True(a.Model!.ToArtifact().AsSpan().SequenceEqual(b.Model!.ToArtifact()), a.Name);
    }

    [Fact]
    public async Task WhoHelpsComputesPartsOfTheSecondLevelToo()
    {
        var options = Options(hasSecondLevel: true);
        var whole = Run(options, null);
        var journal = new KeptJournal();
        journal.DieAfter(int.MaxValue);
        var help = Task.Run(() => AutoMlSearch.Assist(Table(options), options, TimeProvider.System, journal, CancellationToken.None));
        var result = Run(options, journal);
        await help;
        Assert.Equal(journal.Stored, journal.Claims);
        Assert.Equal(whole.Candidates[0].Model!.ToArtifact(), result.Candidates[0].Model!.ToArtifact());
    }

    [Fact]
    public async Task TwoWorkersShareOneSearchAndEndInTheSameBytes()
    {
        var options = Options(hasSecondLevel: false);
        var whole = Run(options, null);
        var journal = new KeptJournal();
        journal.DieAfter(int.MaxValue);
        var results = await Task.WhenAll(Task.Run(() => Run(options, journal)), Task.Run(() => Run(options, journal)));
        Assert.Equal(journal.Stored, journal.Claims);
        foreach (var result in results)
        {
            foreach (var (a, b) in whole.Candidates.Zip(result.Candidates))
                Assert.True(a.Model!.ToArtifact().AsSpan().SequenceEqual(b.Model!.ToArtifact()), a.Name);
        }
    }

    private static SearchResult Run(AutoMlOptions options, ISearchJournal? journal) =>
        AutoMlSearch.Run(Table(options), options, null, TimeProvider.System, CancellationToken.None, journal);

    private static AutoMlOptions Options(bool hasSecondLevel) => new()
    {
        Target = "y", Folds = 3, Threads = 1, MaxModels = hasSecondLevel ? 2 : 5, Mode = hasSecondLevel ? SearchMode.HighAccuracy : SearchMode.Balanced,
    };

    private static Table Table(AutoMlOptions options) => options.Mode == SearchMode.HighAccuracy ? Curves.Slope(600) : Curves.Moons(200);

    /// <summary>A journal in memory that breaks down after a number of parts, like a worker that is killed.</summary>
    private sealed class KeptJournal : ISearchJournal
    {
        private readonly ConcurrentDictionary<string, byte[]> _parts = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, bool> _claimed = new(StringComparer.Ordinal);
        private int _left;
        private int _claims;

        public TimeSpan Used => TimeSpan.Zero;

        public int Stored => _parts.Count;

        public int Claims => _claims;

        public void DieAfter(int parts) => _left = parts;

        /// <summary>The claims of the dead count no more.</summary>
        public void Forget() => _claimed.Clear();

        public byte[]? Find(string part) => _parts.GetValueOrDefault(part);

        public bool Claim(string part)
        {
            if (!_claimed.TryAdd(part, true))
                return false;
            Interlocked.Increment(ref _claims);
            return true;
        }

        public void Store(string part, byte[] result, TimeSpan used)
        {
            if (Interlocked.Decrement(ref _left) < 0)
                throw new TimeoutException("killed");
            _parts[part] = result;
        }

        public void Wait(CancellationToken cancellation) => Thread.Yield();
    }
}
