namespace ModelHub.Api.Errors;

/// <summary>A refusal that is HTTP's own and has no counterpart in the domain; the status is the same in every dialect.</summary>
internal class HttpRefusalException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}

/// <summary>The body is not what its content type says: 400 in every dialect, even where invalid values are 422.</summary>
internal sealed class MalformedBodyException(string message) : HttpRefusalException(400, "malformed", message);
