using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ModelHub.Engine.Numerics;

/// <summary>Families of kernels. All give the same bits.</summary>
public enum Kernel
{
    /// <summary>Plain C#, on every processor.</summary>
    Scalar,

    /// <summary>Several rows at a time with AVX2.</summary>
    Avx2,

    /// <summary>Twice as many at a time with AVX-512 where that gains anything, else as <see cref="Avx2"/>.</summary>
    Avx512,
}

/// <summary>The only place that asks which instructions the processor has.</summary>
public static class KernelSelector
{
    /// <summary>Switch of the runtime configuration (or <see cref="AppContext.SetSwitch"/>) that keeps everything on <see cref="Kernel.Scalar"/>.</summary>
    public const string ScalarSwitch = "ModelHub.ScalarKernels";

    /// <summary>The fastest family that this processor runs and the switch does not forbid.</summary>
    public static Kernel Best =>
        !Avx2.IsSupported || AppContext.TryGetSwitch(ScalarSwitch, out var off) && off ? Kernel.Scalar
        : Avx512BW.IsSupported && Vector512.IsHardwareAccelerated ? Kernel.Avx512 : Kernel.Avx2;

    /// <summary>What was asked for where it runs, else the best that does.</summary>
    internal static Kernel Resolve(Kernel? wanted) => wanted < Best ? wanted.Value : Best;

    /// <summary>Asks for the cache line of an address ahead of its use; changes no result, and does nothing where it does not exist.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void Prefetch(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    /// <summary>The selected bits of a word, moved together; the lowest first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int ExtractBits(ulong word, ulong selected)
    {
        if (Bmi2.X64.IsSupported)
            return (int)Bmi2.X64.ParallelBitExtract(word, selected);
        var bits = 0;
        for (var at = 0; selected != 0; at++, selected &= selected - 1)
            bits |= (int)(word >> BitOperations.TrailingZeroCount(selected) & 1) << at;
        return bits;
    }
}
