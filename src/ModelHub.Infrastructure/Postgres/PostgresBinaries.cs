using System.Diagnostics;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>Where PostgreSQL's programs are, and how to run them as somebody who may (PostgreSQL refuses root).</summary>
internal sealed class PostgresBinaries
{
    private readonly string _folder;

    private PostgresBinaries(string folder) => _folder = folder;

    public static bool AsRoot => Environment.UserName == "root";

    public string Postgres => Path.Combine(_folder, "postgres");

    /// <exception cref="InvalidOperationException">There are none; the message names what to install.</exception>
    public static PostgresBinaries Find()
    {
        IEnumerable<string> folders = Environment.GetEnvironmentVariable("MODELHUB_POSTGRES_BIN") is { Length: > 0 } named ? [named] : [];
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            folders = folders.Concat(new DirectoryInfo("/usr/lib/postgresql").EnumerateDirectories()
                .OrderByDescending(d => int.TryParse(d.Name, out var major) ? major : 0).Select(d => Path.Combine(d.FullName, "bin")));
        }
        folders = folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Append("/opt/homebrew/opt/postgresql/bin").Append("/usr/local/pgsql/bin");
        var folder = folders.FirstOrDefault(f => File.Exists(Path.Combine(f, "postgres")) && File.Exists(Path.Combine(f, "initdb")));
        return new PostgresBinaries(folder ?? throw new InvalidOperationException(
            "PostgreSQL is not installed. Install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql), "
            + "name its bin folder in MODELHUB_POSTGRES_BIN, or name a server in ConnectionStrings__ModelHub."));
    }

    /// <summary>A program with arguments, as the user <c>postgres</c> when we are root. It gets SIGINT when the thread that starts it ends.</summary>
    public ProcessStartInfo Command(string program, bool diesWithUs, params string[] arguments)
    {
        var start = new ProcessStartInfo { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        if (OperatingSystem.IsLinux() && (AsRoot || diesWithUs))
        {
            start.FileName = "setpriv";
            if (AsRoot)
                Add(start, "--reuid=postgres", "--regid=postgres", "--init-groups");
            if (diesWithUs)
                Add(start, "--pdeathsig", "INT");
            Add(start, "--", Path.Combine(_folder, program));
        }
        else
        {
            start.FileName = Path.Combine(_folder, program);
        }
        Add(start, arguments);
        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }

    private static void Add(ProcessStartInfo start, params string[] arguments)
    {
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
    }
}
