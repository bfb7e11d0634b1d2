using ModelHub.Engine;
using ModelHub.Engine.Serialization.Onnx;

namespace ModelHub.Infrastructure.Natives;

/// <summary>Reads a protobuf message field by field, whatever kind each is of.</summary>
internal static class OnnxMessage
{
    /// <summary>The next field of a message: a number, or bytes.</summary>
    /// <exception cref="OnnxException">The message breaks off.</exception>
    public static bool Next(scoped ref ReadOnlySpan<byte> message, out ulong field, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        try
        {
            var isThere = ProtobufReader.Next(ref message, out var next);
            (field, number) = (next.Number, next.Value);
            bytes = next.Bytes;
            return isThere;
        }
        catch (EngineException broken)
        {
            throw new OnnxException(broken.Message);
        }
    }

    /// <exception cref="OnnxException">It breaks off.</exception>
    public static ulong Varint(scoped ref ReadOnlySpan<byte> bytes)
    {
        try
        {
            return ProtobufReader.Varint(ref bytes);
        }
        catch (EngineException broken)
        {
            throw new OnnxException(broken.Message);
        }
    }
}
