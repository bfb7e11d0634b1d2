using ModelHub.Application.Errors;

namespace ModelHub.Application;

/// <summary>What every name must be: not empty, without control characters, at most 200 characters.</summary>
public static class Names
{
    public const int Longest = 200;

    public static string Checked(string? name, string field = "name")
    {
        if (string.IsNullOrWhiteSpace(name))
            throw ModelHubException.Invalid(field, $"'{field}' must not be empty.");
        if (name.Length > Longest)
            throw ModelHubException.Invalid(field, $"'{field}' has {name.Length} characters; {Longest} are allowed.");
        if (name.Any(char.IsControl))
            throw ModelHubException.Invalid(field, $"'{field}' must not have control characters.");
        return name;
    }
}
