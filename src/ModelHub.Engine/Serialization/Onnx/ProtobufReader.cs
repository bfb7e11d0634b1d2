using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace ModelHub.Engine.Serialization.Onnx;

/// <summary>Reads a protobuf message field by field.</summary>
public static class ProtobufReader
{
    /// <summary>The next field of a message; false behind the last one.</summary>
    /// <exception cref="EngineException">The message breaks off.</exception>
    public static bool Next(scoped ref ReadOnlySpan<byte> message, out ProtobufField field)
    {
        field = default;
        if (message.IsEmpty)
            return false;
        var key = Varint(ref message);
        var wire = (int)(key & 7);
        var number = wire == 0 ? Varint(ref message) : 0;
        var length = wire switch
        {
            0 => 0UL,
            1 => 8UL,
            2 => Varint(ref message),
            5 => 4UL,
            _ => throw new EngineException("The file is no valid ONNX model."),
        };
        if (length > (ulong)message.Length)
            throw new EngineException("The file is no valid ONNX model: it breaks off.");
        field = new ProtobufField(key >> 3, wire, number, message[..(int)length]);
        message = message[(int)length..];
        return true;
    }

    /// <exception cref="EngineException">It breaks off.</exception>
    public static ulong Varint(scoped ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var i = 0; i < 10 && i < bytes.Length; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80)
                continue;
            bytes = bytes[(i + 1)..];
            return value;
        }
        throw new EngineException("The file is no valid ONNX model: it breaks off.");
    }
}

/// <summary>A field of a message. Who asks for its value says of which kind it has to be.</summary>
/// <param name="number">Which field of its message it is.</param>
/// <param name="wire">How it is written: 0 a varint, 1 eight bytes, 2 bytes with their length, 5 four bytes.</param>
/// <param name="value">Of a varint.</param>
/// <param name="bytes">Of the other kinds.</param>
public readonly ref struct ProtobufField(ulong number, int wire, ulong value, ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public ulong Number { get; } = number;

    /// <summary>A varint; 0 of another kind.</summary>
    public ulong Value { get; } = value;

    /// <summary>What follows the key (and the length); nothing of a varint.</summary>
    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    public long Integer => wire == 0 ? (long)Value : throw OfAnotherKind();

    public float Single => wire == 5 ? BinaryPrimitives.ReadSingleLittleEndian(Bytes) : throw OfAnotherKind();

    public ReadOnlySpan<byte> Message => wire == 2 ? Bytes : throw OfAnotherKind();

    public string Text
    {
        get
        {
            try
            {
                return Strict.GetString(Message);
            }
            catch (DecoderFallbackException)
            {
                throw new EngineException("A name in the file is not valid UTF-8.");
            }
        }
    }

    /// <summary>Adds a number, or many of them packed.</summary>
    public void AddTo(List<long> numbers)
    {
        if (wire == 0)
            numbers.Add((long)Value);
        for (var rest = wire == 0 ? default : Message; !rest.IsEmpty;)
            numbers.Add((long)ProtobufReader.Varint(ref rest));
    }

    /// <summary>Adds a number, or many of them packed.</summary>
    public void AddTo(List<float> numbers)
    {
        if (wire == 5)
            numbers.Add(Single);
        else if (Message.Length % sizeof(float) != 0)
            throw OfAnotherKind();
        else
            numbers.AddRange(MemoryMarshal.Cast<byte, float>(Message));
    }

    private EngineException OfAnotherKind() => new($"Field {Number} of a message is of another kind than ONNX says.");
}
