using Npgsql;

namespace ModelHub.Application.Storage;

/// <summary>
/// Tells texts that nobody can keep: PostgreSQL takes no null characters, and JSON may spell half of a character (<c>"\ud800"</c>). Both come to light
/// only where the text is read or stored, which may be anywhere.
/// </summary>
public static class UnreadableText
{
    public static bool Is(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            switch (failure)
            {
                case PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter }:
                    return true;
                // System.Text.Json has no type of exception for it.
                case InvalidOperationException { Source: "System.Text.Json.Rethrowable" } when failure.Message.Contains("UTF-16", StringComparison.Ordinal):
                    return true;
            }
        }
        return false;
    }
}
