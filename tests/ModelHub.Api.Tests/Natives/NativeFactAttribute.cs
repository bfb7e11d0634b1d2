namespace ModelHub.Api.Tests.Natives;

/// <summary>A test of native libraries: skipped, and counted as that, where MODELHUB_NATIVES names no folder with them. CI fetches them first.</summary>
public sealed class NativeFactAttribute : FactAttribute
{
    public NativeFactAttribute()
    {
        if (!File.Exists(Path.Combine(Environment.GetEnvironmentVariable("MODELHUB_NATIVES") ?? "", "libonnxruntime.so.1")))
            Skip = "MODELHUB_NATIVES names no folder with ONNX Runtime: run ./modelhub natives.";
    }
}
