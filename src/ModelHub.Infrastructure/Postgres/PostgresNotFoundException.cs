namespace ModelHub.Infrastructure.Postgres;

/// <summary>PostgreSQL's programs are not on this machine; the message says what to install.</summary>
public sealed class PostgresNotFoundException() : InvalidOperationException(
    "PostgreSQL is not installed. Install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; "
    + "macOS: brew install postgresql), name its bin folder in MODELHUB_POSTGRES_BIN, or name a server in ConnectionStrings__ModelHub.");
