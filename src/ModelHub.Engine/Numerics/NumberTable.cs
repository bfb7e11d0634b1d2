using System.Runtime.InteropServices;

namespace ModelHub.Engine.Numerics;

/// <summary>
/// Doubles that never move, the first at the start of a cache line. Where there are megabytes of them, Linux is asked for huge pages: who reads a
/// number here and a number there waits for addresses to be translated more than for the numbers. Zeros at first; freed with the object, which has to be
/// kept alive (<see cref="GC.KeepAlive"/>) while <see cref="First"/> is used.
/// </summary>
internal sealed unsafe class NumberTable
{
    public const int CacheLine = 64;
    private const int HugePage = 2 << 20;
    private const int AdviceHugePages = 14;
    private readonly long _bytes;

    public NumberTable(long numbers)
    {
        _bytes = Math.Max(1, numbers) * sizeof(double);
        First = (double*)NativeMemory.AlignedAlloc((nuint)_bytes, (nuint)(_bytes < HugePage ? CacheLine : HugePage));
        GC.AddMemoryPressure(_bytes);
        if (_bytes >= HugePage && OperatingSystem.IsLinux())
            _ = Advise(First, (nuint)_bytes, AdviceHugePages); // small pages will do
        NativeMemory.Clear(First, (nuint)_bytes);
    }

    ~NumberTable()
    {
        NativeMemory.AlignedFree(First);
        GC.RemoveMemoryPressure(_bytes);
    }

    public double* First { get; }

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(void* address, nuint length, int advice);
}
