using System.Net.Sockets;
using Npgsql;

namespace ModelHub.Application.Storage;

/// <summary>Tells a database that cannot be reached from everything else that can go wrong.</summary>
public static class DatabaseDown
{
    public static bool Is(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            switch (failure)
            {
                // 57P0x: shutting down, crash recovery, cannot connect now; 53300: too many connections; 08xxx: connection lost
                case PostgresException { SqlState: var state }:
                    return state.StartsWith("57P", StringComparison.Ordinal) || state.StartsWith("08", StringComparison.Ordinal) || state == "53300";
                case NpgsqlException { InnerException: null or SocketException or IOException or TimeoutException }:
                    return true;
            }
        }
        return false;
    }
}
