namespace ModelHub.Infrastructure.Natives;

/// <summary>Reads a protobuf message field by field.</summary>
internal static class OnnxMessage
{
    /// <summary>The next field of a message: a number, or bytes.</summary>
    /// <exception cref="OnnxException">The message breaks off.</exception>
    public static bool Next(scoped ref ReadOnlySpan<byte> message, out ulong field, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        (field, number) = (0, 0);
        bytes = default;
        if (message.IsEmpty)
            return false;
        var key = Varint(ref message);
        field = key >> 3;
        var wire = key & 7;
        if (wire == 0)
            number = Varint(ref message);
        var length = wire switch
        {
            0 => 0UL,
            1 => 8UL,
            2 => Varint(ref message),
            5 => 4UL,
            _ => throw new OnnxException("The file is no valid ONNX model."),
        };
        if (length > (ulong)message.Length)
            throw new OnnxException("The file is no valid ONNX model: it breaks off.");
        bytes = message[..(int)length];
        message = message[(int)length..];
        return true;
    }

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
        throw new OnnxException("The file is no valid ONNX model: it breaks off.");
    }
}
