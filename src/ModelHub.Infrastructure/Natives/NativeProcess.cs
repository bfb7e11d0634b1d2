using System.Diagnostics;

namespace ModelHub.Infrastructure.Natives;

/// <summary>This program once more, to do with native code what may crash.</summary>
internal static class NativeProcess
{
    /// <summary>Started with a hidden verb; it sees no connection string and no key.</summary>
    public static Process Start(string folder, params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "modelhub.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[program, .. arguments])
            start.ArgumentList.Add(argument);
        foreach (var name in start.Environment.Keys.Where(k => k is not ("PATH" or "HOME" or "DOTNET_ROOT" or "TMPDIR" or "LANG")).ToList())
            start.Environment.Remove(name);
        // Small and quick to start; a heap of its own size would be reserved for a server's work.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_gcServer"] = "0";
        // It lives for less than a second: loops are compiled well at once.
        start.Environment["DOTNET_TC_QuickJitForLoops"] = "0";
        return Process.Start(start)!;
    }
}
