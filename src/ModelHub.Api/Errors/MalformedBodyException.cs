namespace ModelHub.Api.Errors;

/// <summary>The body is not what its content type says: 400 in every dialect, even where invalid values are 422.</summary>
internal sealed class MalformedBodyException(string message) : Exception(message);
