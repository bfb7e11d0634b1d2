namespace ModelHub.Engine.Search;

/// <summary>
/// Where the parts of a search (one trial on one fold each) are kept, so that it goes on after a crash, and shared, so that several
/// processes work on one search. Called by several threads. A part's name says all that its bytes depend on besides data and options.
/// </summary>
public interface ISearchJournal
{
    /// <summary>What earlier runs of the search have used of its time.</summary>
    TimeSpan Used { get; }

    /// <summary>The bytes of a part that somebody has finished; null when nobody has.</summary>
    byte[]? Find(string part);

    /// <summary>True: the caller computes the part and stores it. False: another process is at it, or has just finished it.</summary>
    bool Claim(string part);

    void Store(string part, byte[] result, TimeSpan used);

    /// <summary>Waits a moment for other processes.</summary>
    void Wait(CancellationToken cancellation);
}
