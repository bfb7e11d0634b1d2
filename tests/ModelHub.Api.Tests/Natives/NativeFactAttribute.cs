namespace ModelHub.Api.Tests.Natives;

/// <summary>A test of native libraries: skipped, and counted as that, where MODELHUB_NATIVES names no folder with them. CI fetches them first.</summary>
public sealed class NativeFactAttribute : FactAttribute
{
    public NativeFactAttribute() => Skip = NativeTests.Missing;
}

/// <summary>The same with cases.</summary>
public sealed class NativeTheoryAttribute : TheoryAttribute
{
    public NativeTheoryAttribute() => Skip = NativeTests.Missing;
}

internal static class NativeTests
{
    private static readonly string Folder = Environment.GetEnvironmentVariable("MODELHUB_NATIVES") ?? "";

    public static string? Missing =>
        File.Exists(Path.Combine(Folder, "libonnxruntime.so.1")) && File.Exists(Path.Combine(Folder, "libduckdb.so"))
            ? null : "MODELHUB_NATIVES names no folder with ONNX Runtime and DuckDB: run ./modelhub natives.";
}
