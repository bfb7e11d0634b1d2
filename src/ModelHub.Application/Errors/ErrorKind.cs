namespace ModelHub.Application.Errors;

/// <summary>Why something was refused. Closed: every dialect maps each of them.</summary>
public enum ErrorKind
{
    Invalid,
    NotFound,
    Conflict,
    WrongState,

    /// <summary>The caller named the state that the change was meant for (<c>If-Match</c>), and it is another one by now.</summary>
    Stale,
    Gone,
    Unauthenticated,
    Forbidden,
    TooLarge,
    RateLimited,
    Unavailable,

    /// <summary>What it was handed on to did not answer in time.</summary>
    TimedOut,
    Internal,
}
