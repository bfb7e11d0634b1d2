using System.Buffers.Binary;
using System.Text;
using ModelHub.Application.Tensors;

namespace ModelHub.Api.Dialects.OpenInference;

/// <summary>Values of a tensor as bytes, little-endian; texts have their length (four bytes) in front.</summary>
internal static class TensorBytes
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static double[] Numbers(string name, TensorType type, ReadOnlySpan<byte> bytes, int count)
    {
        var size = SizeOf(type);
        if (bytes.Length != (long)count * size)
            throw TensorMapping.Refused(name, $"its shape says {count} values of {size} bytes, and it has {bytes.Length} bytes");
        var values = new double[count];
        for (var i = 0; i < count; i++)
            values[i] = Read(type, bytes[(i * size)..]);
        return values;
    }

    public static string?[] Texts(string name, ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.Length < 4L * count)
            throw TensorMapping.Refused(name, $"its shape says {count} texts, and it has {bytes.Length} bytes");
        var texts = new string?[count];
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) is var length && length > bytes.Length - 4)
                throw TensorMapping.Refused(name, $"text {i} is cut short");
            try
            {
                texts[i] = Strict.GetString(bytes.Slice(4, (int)length));
            }
            catch (DecoderFallbackException)
            {
                throw TensorMapping.Refused(name, $"text {i} is not valid UTF-8");
            }
            bytes = bytes[(4 + (int)length)..];
        }
        return bytes.Length == 0 ? texts : throw TensorMapping.Refused(name, $"{bytes.Length} bytes follow its last text");
    }

    /// <summary>Of what models give: FP64 and texts.</summary>
    public static byte[] Write(Tensor tensor)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var text in tensor.Texts ?? [])
        {
            var bytes = Encoding.UTF8.GetBytes(text ?? "");
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
        foreach (var number in tensor.Numbers ?? [])
            writer.Write(number);
        writer.Flush();
        return stream.ToArray();
    }

    private static int SizeOf(TensorType type) => type switch
    {
        TensorType.Bool or TensorType.UInt8 or TensorType.Int8 => 1,
        TensorType.UInt16 or TensorType.Int16 or TensorType.Fp16 => 2,
        TensorType.UInt32 or TensorType.Int32 or TensorType.Fp32 => 4,
        TensorType.UInt64 or TensorType.Int64 or TensorType.Fp64 => 8,
        TensorType.Bytes => 1,
    };

    private static double Read(TensorType type, ReadOnlySpan<byte> at) => type switch
    {
        TensorType.Bool => at[0] == 0 ? 0 : 1,
        TensorType.UInt8 => at[0],
        TensorType.Int8 => (sbyte)at[0],
        TensorType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(at),
        TensorType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(at),
        TensorType.Fp16 => (double)BinaryPrimitives.ReadHalfLittleEndian(at),
        TensorType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(at),
        TensorType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(at),
        TensorType.Fp32 => BinaryPrimitives.ReadSingleLittleEndian(at),
        TensorType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(at),
        TensorType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(at),
        TensorType.Fp64 => BinaryPrimitives.ReadDoubleLittleEndian(at),
        TensorType.Bytes => throw new InvalidOperationException("Texts are read by Texts."),
    };
}
