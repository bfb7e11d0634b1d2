namespace ModelHub.Application.Datasets.Formats;

/// <summary>The part of a source that is being parsed: bytes from <see cref="At"/> to <see cref="End"/>; it grows up to a limit.</summary>
internal sealed class Window(BoundedSource source, int limit)
{
    private const int FirstBytes = 256 << 10;

    public byte[] Bytes { get; private set; } = new byte[FirstBytes];

    public int At { get; set; }

    public int End { get; private set; }

    /// <summary>The source has no more bytes than are in the window.</summary>
    public bool IsLast { get; private set; }

    public ReadOnlySpan<byte> Rest => Bytes.AsSpan(At, End - At);

    /// <summary>
    /// Moves the rest to the front and reads more behind it. False when the rest already has as many bytes as the limit allows.
    /// </summary>
    public bool More()
    {
        var rest = End - At;
        if (At == 0 && rest == Bytes.Length)
        {
            if (rest >= limit)
                return false;
            var larger = new byte[(int)Math.Min(limit, rest * 2L)];
            Bytes.AsSpan(0, rest).CopyTo(larger);
            Bytes = larger;
        }
        else
        {
            Bytes.AsSpan(At, rest).CopyTo(Bytes);
        }
        At = 0;
        var read = source.Fill(Bytes.AsSpan(rest));
        End = rest + read;
        IsLast = End < Bytes.Length;
        return true;
    }

    /// <summary>Reads the beginning, drops a UTF-8 mark, refuses UTF-16, UTF-32 and an empty file.</summary>
    public void Start()
    {
        More();
        if (End >= 2 && ((Bytes[0] == 0xff && Bytes[1] == 0xfe) || (Bytes[0] == 0xfe && Bytes[1] == 0xff)))
            throw new DatasetFormatException("The file is UTF-16; please send UTF-8.");
        if (Rest.StartsWith("\uFEFF"u8))
            At = 3;
        if (At == End)
            throw new DatasetFormatException("The file is empty.");
    }
}
