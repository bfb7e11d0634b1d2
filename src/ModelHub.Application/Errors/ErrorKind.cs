namespace ModelHub.Application.Errors;

/// <summary>Why something was refused. Closed: every dialect maps each of them.</summary>
public enum ErrorKind
{
    Invalid,
    NotFound,
    Conflict,
    WrongState,
    Gone,
    Unauthenticated,
    Forbidden,
    TooLarge,
    RateLimited,
    Unavailable,
    Internal,
}
