using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelHub.Application.Parquet;

/// <summary>What unpackers of the Lempel-Ziv family do: bytes as they came, and bytes that were there before.</summary>
internal static class BackCopy
{
    /// <summary>Bytes behind its end that a move may write, and behind its input's that it may read.</summary>
    public const int Slack = 64;

    /// <summary>Moves sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Move16(ref byte from, int at, ref byte to, int there) =>
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, there), Unsafe.ReadUnaligned<Int128>(ref Unsafe.Add(ref from, at)));

    /// <summary>
    /// Copies what stands <paramref name="back"/> bytes before, which may be less than the length: it then comes again and again. The caller has seen that
    /// 0 &lt; back ≤ at, and that length and <see cref="Slack"/> fit behind it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(Span<byte> to, int at, int back, int length)
    {
        ref var output = ref Unsafe.Add(ref MemoryMarshal.GetReference(to), at);
        ref var from = ref Unsafe.Subtract(ref output, back);
        if (back >= 16)
        {
            for (var done = 0; done < length; done += 16)
                Move16(ref from, done, ref output, done);
        }
        else if (back >= 8)
        {
            for (var done = 0; done < length; done += 8)
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, done), Unsafe.ReadUnaligned<long>(ref Unsafe.Add(ref from, done)));
        }
        else
        {
            for (var done = 0; done < length; done++)
                Unsafe.Add(ref output, done) = Unsafe.Add(ref from, done);
        }
    }
}
