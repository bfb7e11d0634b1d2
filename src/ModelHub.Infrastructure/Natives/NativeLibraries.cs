using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ModelHub.Application.Errors;
using ModelHub.Application.Storage;

namespace ModelHub.Infrastructure.Natives;

/// <summary>
/// The native libraries, fetched as their makers' own npm packages (with npm, no script of theirs is run), checked against the hashes
/// pinned here and unpacked into a folder of the data folder.
/// </summary>
public sealed class NativeLibraries(string folder)
{
    /// <summary>A fresh hub fetches them when it starts: a request waits so long for that, then is told to come again.</summary>
    private static readonly TimeSpan MostWait = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private static readonly string Machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";

    private static readonly Package OnnxPackage = new("onnxruntime-node@1.30.0", $"package/bin/napi-v6/linux/{Machine}/libonnxruntime.so.1", "libonnxruntime.so.1",
        "twhs1C2C/BFkz1yc5OY0KIU2GUq6DURO7hD4bx5Q2Qy3nAMJwRXW8xU3NVczE29VA9lolLOYepoD8fjTGOfIqw==", "ONNX Runtime", "ONNX models");

    private static readonly Package DuckPackage = new("@duckdb/node-bindings-linux-x64@1.5.6-r.1", "package/libduckdb.so", "libduckdb.so",
        "IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q==", "DuckDB's library", "Parquet files");

    private volatile Task? _fetching;

    /// <summary>ONNX Runtime, null when it was not fetched.</summary>
    public string? Onnx => Find(OnnxPackage);

    /// <summary>DuckDB, null when it was not fetched.</summary>
    public string? DuckDb => Find(DuckPackage);

    /// <summary>Null when ONNX Runtime is there or on its way; else how to get it.</summary>
    public string? OnnxMissing => Missing(OnnxPackage);

    /// <summary>Null when DuckDB is there or on its way; else how to get it.</summary>
    public string? DuckDbMissing => Missing(DuckPackage);

    /// <summary>ONNX Runtime; waits while it is being fetched by this process.</summary>
    /// <exception cref="ModelHubException">It is missing, or still on its way after half a minute.</exception>
    public string RequireOnnx(CancellationToken cancellation) => Require(OnnxPackage, cancellation);

    /// <summary>The same of DuckDB.</summary>
    public string RequireDuckDb(CancellationToken cancellation) => Require(DuckPackage, cancellation);

    /// <summary>The folder of a data folder, or the one that MODELHUB_NATIVES names.</summary>
    public static NativeLibraries Of(string dataFolder) =>
        new(Environment.GetEnvironmentVariable("MODELHUB_NATIVES") is { Length: > 0 } named ? named : Path.Combine(dataFolder, "natives"));

    /// <summary>Fetches what is missing; says what was done, line by line. Who needs one of them meanwhile waits for it.</summary>
    /// <exception cref="InvalidOperationException">npm is missing or fails, a package is not the one that was pinned, or there is none for this machine.</exception>
    public Task FetchAsync(Action<string> say, CancellationToken cancellation) =>
        _fetching = Task.Run(() => FetchMissingAsync(say, cancellation), CancellationToken.None);

    private string Require(Package package, CancellationToken cancellation)
    {
        if (Find(package) is null && _fetching is { IsCompleted: false } fetching)
        {
            Task.WhenAny(fetching, Task.Delay(MostWait, cancellation)).Wait(cancellation);
            if (Find(package) is null && !fetching.IsCompleted)
            {
                throw new ModelHubException(ErrorKind.Unavailable, "natives_on_their_way", $"{package.Library} is still being fetched; ask again in a moment.")
                {
                    RetryAfter = Pause,
                };
            }
        }
        return Find(package) ?? throw new ModelHubException(ErrorKind.Unavailable, "natives_missing", Missing(package)!);
    }

    private string? Missing(Package package) => Find(package) is not null || _fetching is { IsCompleted: false } ? null
        : $"{package.For} need {package.Library}, which is not installed on this hub: run ./modelhub natives (it needs npm and a network once).";

    private async Task FetchMissingAsync(Action<string> say, CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux())
            throw new InvalidOperationException("ONNX Runtime and DuckDB are fetched on Linux only; elsewhere name a folder with both in MODELHUB_NATIVES.");
        Directory.CreateDirectory(folder);
        foreach (var package in Machine == "x64" ? new[] { OnnxPackage, DuckPackage } : [OnnxPackage])
        {
            if (Find(package) is { } found)
            {
                say($"{package.File} is there: {found}");
                continue;
            }
            say($"fetching {package.Name} ...");
            await FetchAsync(package, cancellation);
            say($"{package.File} is there now.");
        }
    }

    private async Task FetchAsync(Package package, CancellationToken cancellation)
    {
        var scratch = Scratch.NewFolder().FullName;
        try
        {
            await PackAsync(package, scratch, cancellation);
            var archive = Directory.GetFiles(scratch, "*.tgz").SingleOrDefault() ?? throw new InvalidOperationException($"npm brought no file for {package.Name}.");
            await using (var bytes = File.OpenRead(archive))
            {
                if (Convert.ToBase64String(await SHA512.HashDataAsync(bytes, cancellation)) != package.Sha512)
                    throw new InvalidOperationException($"{package.Name} is not the package that was pinned (SHA-512 differs); it was not used.");
            }
            await UnpackAsync(package, archive, cancellation);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static async Task PackAsync(Package package, string scratch, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("npm")
        {
            ArgumentList = { "pack", package.Name, "--silent", "--ignore-scripts", "--pack-destination", scratch },
            WorkingDirectory = scratch,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process npm;
        try
        {
            npm = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException("npm was not found; install it (Debian, Ubuntu: apt-get install npm) and run ./modelhub natives.");
        }
        using (npm)
        {
            try
            {
                var said = npm.StandardOutput.ReadToEndAsync(cancellation);
                var errors = await npm.StandardError.ReadToEndAsync(cancellation);
                await said;
                await npm.WaitForExitAsync(cancellation);
                if (npm.ExitCode != 0)
                    throw new InvalidOperationException($"npm could not fetch {package.Name} (is there a network?). {errors.Trim()}");
            }
            finally
            {
                // The hub stops: what npm would write on into is deleted.
                if (!npm.HasExited)
                {
                    npm.Kill(entireProcessTree: true);
                    await npm.WaitForExitAsync(CancellationToken.None);
                }
            }
        }
    }

    private async Task UnpackAsync(Package package, string archive, CancellationToken cancellation)
    {
        await using var packed = File.OpenRead(archive);
        await using var plain = new GZipStream(packed, CompressionMode.Decompress);
        await using var entries = new TarReader(plain);
        while (await entries.GetNextEntryAsync(cancellationToken: cancellation) is { } entry)
        {
            if (entry.Name != package.Entry)
                continue;
            var target = Path.Combine(folder, package.File);
            // Renamed when it is whole: another process may be looking.
            var part = $"{target}.{Environment.ProcessId}.part";
            try
            {
                await entry.ExtractToFileAsync(part, overwrite: true, cancellation);
                File.Move(part, target, overwrite: true);
            }
            finally
            {
                File.Delete(part);
            }
            return;
        }
        throw new InvalidOperationException($"{package.Name} does not hold {package.Entry}.");
    }

    private string? Find(Package package) => Path.Combine(folder, package.File) is var path && File.Exists(path) ? path : null;

    private sealed record Package(string Name, string Entry, string File, string Sha512, string Library, string For);
}
