namespace ModelHub.Engine.Serialization.Foreign;

/// <summary>Whether bytes are an ONNX ModelProto: whole top-level fields of the right kinds, a version and a graph among them.</summary>
internal static class OnnxSignature
{
    public static bool Looks(ReadOnlySpan<byte> bytes)
    {
        var (hasVersion, hasGraph) = (false, false);
        while (bytes.Length > 0)
        {
            if (!Varint(ref bytes, out var key))
                return false;
            var (field, kind) = ((int)Math.Min(key >> 3, int.MaxValue), (int)(key & 7));
            if (field is < 1 or > 40 || kind is not (0 or 2) || !Varint(ref bytes, out var value))
                return false;
            if (field == 1 && kind == 0)
                hasVersion = value is > 0 and < 1000;
            if (field == 7 && kind == 2)
                hasGraph = true;
            if (kind == 0)
                continue;
            // A file that was cut inside its graph is a broken ONNX file and not something unknown.
            if (value > (ulong)bytes.Length)
                return hasVersion && field == 7;
            bytes = bytes[(int)value..];
        }
        return hasVersion && hasGraph;
    }

    private static bool Varint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < bytes.Length; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80)
                continue;
            bytes = bytes[(i + 1)..];
            return true;
        }
        return false;
    }
}
