using System.Diagnostics;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>Where PostgreSQL's programs are, and how to run them as somebody who may (PostgreSQL refuses root).</summary>
internal sealed class PostgresBinaries
{
    private readonly string _folder;

    private PostgresBinaries(string folder) => _folder = folder;

    public static bool AsRoot => Environment.UserName == "root";

    /// <exception cref="PostgresNotFoundException">There are none; the message names what to install.</exception>
    public static PostgresBinaries Find() => Find(
        Environment.GetEnvironmentVariable("MODELHUB_POSTGRES_BIN"), "/usr/lib/postgresql", Environment.GetEnvironmentVariable("PATH"));

    /// <summary>The folder that is named, else Debian's newest, else the search path, else where others install it.</summary>
    internal static PostgresBinaries Find(string? named, string debian, string? path)
    {
        IEnumerable<string> folders = string.IsNullOrWhiteSpace(named) ? [] : [named];
        if (Directory.Exists(debian))
        {
            folders = folders.Concat(new DirectoryInfo(debian).EnumerateDirectories()
                .OrderByDescending(d => int.TryParse(d.Name, out var major) ? major : 0).Select(d => Path.Combine(d.FullName, "bin")));
        }
        folders = folders.Concat((path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Append("/opt/homebrew/opt/postgresql/bin").Append("/usr/local/pgsql/bin");
        var folder = folders.FirstOrDefault(f => File.Exists(Path.Combine(f, "postgres")) && File.Exists(Path.Combine(f, "initdb")));
        return new PostgresBinaries(folder ?? throw new PostgresNotFoundException());
    }

    /// <summary>A program with arguments, as the user <c>postgres</c> when we are root.</summary>
    public ProcessStartInfo Command(string program, params string[] arguments) => Command(program, [], arguments);

    /// <summary>
    /// The same for the server: it gets SIGINT when the thread that starts it ends, however that happens, and it is in a session of its
    /// own, because Ctrl-C in a terminal is for us: jobs are handed back before the database stops.
    /// </summary>
    public ProcessStartInfo ServerCommand(params string[] arguments) =>
        OperatingSystem.IsLinux() ? Command("postgres", ["--pdeathsig", "INT"], arguments) : Command("postgres", [], arguments);

    private ProcessStartInfo Command(string program, string[] privileges, string[] arguments)
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        List<string> line = [Path.Combine(_folder, program), .. arguments];
        if (OperatingSystem.IsLinux())
        {
            string[] user = AsRoot ? ["--reuid=postgres", "--regid=postgres", "--init-groups"] : [];
            if (user.Length + privileges.Length > 0)
                line = ["setpriv", .. user, .. privileges, "--", .. line];
            if (privileges.Length > 0)
                line.Insert(0, "setsid"); // keeps its process id: a child of ours is no group leader, so it need not fork
        }
        start.FileName = line[0];
        foreach (var argument in line.Skip(1))
            start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }
}
