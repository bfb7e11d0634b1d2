using System.Runtime.InteropServices;
using System.Text;

namespace ModelHub.Infrastructure.Natives;

/// <summary>ONNX Runtime refused or failed.</summary>
internal sealed class OnnxException(string message) : Exception(message);

/// <summary>
/// ONNX Runtime's C API: a table of functions that only ever grows at its end, so that numbers in it stay. One environment per process, never
/// released: the library keeps threads.
/// </summary>
internal sealed unsafe class OnnxApi
{
    private static readonly Lock Loading = new();
    private static OnnxApi? _loaded;
    private readonly nint* _table;

    private OnnxApi(string path)
    {
        var library = NativeLibrary.Load(path);
        var getBase = (delegate* unmanaged<nint*>)NativeLibrary.GetExport(library, "OrtGetApiBase");
        _table = ((delegate* unmanaged<uint, nint*>)getBase()[0])(14);
        if (_table is null)
            throw new OnnxException("The library is older than what is needed.");
        nint environment, allocator, memory;
        fixed (byte* name = "modelhub\0"u8)
            Check(((delegate* unmanaged<int, byte*, nint*, nint>)_table[3])(4, name, &environment));
        Check(((delegate* unmanaged<nint*, nint>)_table[78])(&allocator));
        Check(((delegate* unmanaged<int, int, nint*, nint>)_table[69])(0, 0, &memory));
        (Environment, Allocator, Memory) = (environment, allocator, memory);
    }

    public nint Environment { get; }

    public nint Allocator { get; }

    public nint Memory { get; }

    public static OnnxApi Load(string path)
    {
        lock (Loading)
            return _loaded ??= new OnnxApi(path);
    }

    public nint this[int function] => _table[function];

    /// <exception cref="OnnxException">The status is a failure; it is released.</exception>
    public void Check(nint status)
    {
        if (status == 0)
            return;
        var text = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)_table[2])(status)) ?? "unknown failure";
        ((delegate* unmanaged<nint, void>)_table[93])(status);
        throw new OnnxException(text.Length <= 500 ? text : text[..500]);
    }

    /// <summary>A text of the library's, which is given back.</summary>
    public string TakeText(nint text)
    {
        var taken = Marshal.PtrToStringUTF8(text) ?? "";
        Check(((delegate* unmanaged<nint, nint, nint>)_table[76])(Allocator, text));
        return taken;
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + "\0");

    public void ReleaseValue(nint value) => ((delegate* unmanaged<nint, void>)_table[96])(value);

    /// <summary>Element type and sides of a tensor's description; a side that is not fixed is -1.</summary>
    public (int Type, long[] Shape) Describe(nint info)
    {
        int type;
        nuint rank;
        Check(((delegate* unmanaged<nint, int*, nint>)_table[60])(info, &type));
        Check(((delegate* unmanaged<nint, nuint*, nint>)_table[61])(info, &rank));
        var shape = new long[rank];
        fixed (long* sides = shape)
            Check(((delegate* unmanaged<nint, long*, nuint, nint>)_table[62])(info, sides, rank));
        return (type, shape);
    }
}
