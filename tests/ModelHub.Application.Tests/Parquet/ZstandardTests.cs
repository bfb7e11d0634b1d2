using System.Globalization;
using System.Text;
using ModelHub.Application.Parquet;

namespace ModelHub.Application.Tests.Parquet;

/// <summary>Unpacking what the zstd program (1.5.4) packed: the command stands beside each.</summary>
public sealed class ZstandardTests
{
    // zstd -1
    private const string Quick = """
        KLUv/QRI3RAAVu1qErC1AwdYkm76IbPZTXZzGwM4EGcAZgBjAKXY1+j6VLkVJCDwQc1GrcH1qTwrSEDYI8eklhpbn2qxggQEZbFqbDW0PpVeBQkIaRad01wj61OtVZCAgHZ2CTk1sD6VV5CAcIuP1mCNq0+VFSQgWHFmRF7D6lNZBQkIooaoTyUq
        SECuXd40Qc1jrWrO8FogQ4KPUS96RDNpT6zVK0hAELevdiI1DRFh0oLJnT9np48rSEAwmcWdbI2z+lScFSQgFCd4a0wNs/pUeRUkIBAkDDl0NYTVp8IKEhAcOfG/a3h9KusKEhC6jwmHD60eNkFRSJdOfm9ksrspzKDZVl9PgSyRsWNeERGJuhHb
        az+kKLztPNnTvQoSEETqrylc+rpRuRRN+I5w02nU6KcZ6kL0+Hmh5IseMUv3PEQWGdt7EfWYM0Ko/GLmonKa9g2hmCLcLG8TOzfv49tGlGANzS7I74zXSBZ6BZ2vgW1aCJbXGqfE0LAZ9HwumXjamAiP0HZPo2dRDTNDJJF31hAmkJ9Z/4xQRuYc
        /rN8LFeYN9pmCeo2RC9FsCk6Efxu+m2uAVyoURxWGIWDqP0zkKOCQh0QEE7ydFm7IBbKcpqcEgBhDDHCP2LHZNL7xk+fqCkPAuKHnTpHsd6jkyR0Htxfzl3bP4oY2RQmLFL6PLS0kfclITcd4Y8bITEus331AiJWl+wibA6p0aPtAELFuBqceAb4
        """;

    // zstd --ultra -22 --no-check
    private const string Slow = """
        KLUv/QCILQ4A9mRUE6AVpAPoTHyZGKoYliRJ4sEVb8ZTAEwATADdIRgjfmmmpxDI1FZajaEh2FFVbyFmhEAN0+tM60KQa0jsbSdCgFiXgjc5Ibgja3x3zRAYTo0jMnsIaglrPHaFgGzEZtZvCGYAJAQSRkCQMBAgEHI8xBHP2K7RM1aW6SpWnc/m
        /4uBZYZ1aa2LeypGK9eZj941TZHKz0tSvuKPqmmbwaO3QjhuSOxs6jlZJZl8OI0rZZuJXcYQUJpYLsI5V4ssOXZu6Ox50uNRKZcIVqGWY7WSEdFkujpRb3FNfux7vEddVRXfDg+SLv2VrI4PRjoksRvYIoWS6gsyUU5y2Vbrw75hM6+Cz9dHAKKF
        bGOi8tDOqiMu6vCxmopfoqZKORLveIJLDDye6pyutZHCrOi07MvldJPW+hz/cp7tV61SKkfmDerLb/ccvuljKD1OG/lVp2qFkHmoIAqLsUt1sFfKDRAgMbgLmwGrQnR1+pJFUsmYzJ3AsPPy5j9Cb2dv9nqKzV3YbShn60P27moVTPF9CKTV4iEk
        03i2WjdyqxfVJMg2JX1ZEhPp+RCX8gcI0bwpDfriACQQQAIBlCURsKoM6yDKPUsB
        """;

    // zstd -19 --no-check
    private const string Few = "KLUv/QBotQAAQgIDBfA58jMJ+af8xb8fAQCsdCr1BA==";

    // zstd -3
    private const string Zeros = "KLUv/QRYVAAAEAAAAQD7/znAAgIAEAADnwQALSjeJg==";

    /// <summary>Literals by four streams and by one, tables that are told and usual ones, blocks that repeat; distances new and old.</summary>
    [Theory]
    [InlineData(Quick)]
    [InlineData(Slow)]
    [InlineData(Few)]
    [InlineData(Zeros)]
    public void What_was_packed_comes_out_again(string packed) => Assert.Equal(Plain(packed), Unpacked(Convert.FromBase64String(packed), Plain(packed).Length));

    [Fact]
    public void Frames_may_follow_one_another()
    {
        byte[] skipped = [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        byte[] raw = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 2, 0x11, 0, 0, 7, 8]; // a size of two, one last block as it is
        Assert.Equal(
            [.. Plain(Few), 7, 8, .. Plain(Quick)],
            Unpacked([.. Convert.FromBase64String(Few), .. skipped, .. raw, .. skipped, .. Convert.FromBase64String(Quick)], Plain(Few).Length + 2 + Plain(Quick).Length));
    }

    [Theory]
    [InlineData(Quick)]
    [InlineData(Slow)]
    [InlineData(Few)]
    [InlineData(Zeros)]
    public void What_is_cut_or_of_another_length_is_refused(string packed)
    {
        var (bytes, length) = (Convert.FromBase64String(packed), Plain(packed).Length);
        for (var cut = 0; cut < bytes.Length; cut++)
            Assert.Throws<InvalidDataException>(() => Unpacked(bytes[..cut], length));
        Assert.Throws<InvalidDataException>(() => Unpacked(bytes, length - 1));
        Assert.Throws<InvalidDataException>(() => Unpacked(bytes, length + 1));
        Assert.Throws<InvalidDataException>(() => Unpacked([.. bytes, 0], length));
    }

    [Theory]
    [InlineData(Quick)]
    [InlineData(Slow)]
    [InlineData(Few)]
    [InlineData(Zeros)]
    public void Changed_bytes_never_write_beyond_the_room(string packed)
    {
        var random = new Random(14);
        var length = Plain(packed).Length;
        for (var round = 0; round < 3000; round++)
        {
            var changed = Convert.FromBase64String(packed);
            for (var i = 0; i < 1 + round % 4; i++)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            var room = new byte[length + BackCopy.Slack + 256];
            room.AsSpan(length + BackCopy.Slack).Fill(0xEE);
            try
            {
                Zstandard.Unpack(changed, room.AsSpan(0, length + BackCopy.Slack));
            }
            catch (InvalidDataException)
            {
                // As it should.
            }
            Assert.False(room.AsSpan(length + BackCopy.Slack).ContainsAnyExcept((byte)0xEE));
        }
    }

    private static byte[] Plain(string packed) => packed switch
    {
        Few => [.. Enumerable.Range(0, 700).Select(i => (byte)"aaabaaaacaab"[(i * i * 7 + i / 3) % 12])],
        Zeros => new byte[300_000],
        _ => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 60).Select(i =>
            string.Create(CultureInfo.InvariantCulture, $"row {i * i % 97} of {i % 13}: {i * 2654435761L % (1L << 32):x8}\n")))),
    };

    private static byte[] Unpacked(byte[] packed, int length)
    {
        var room = new byte[length + BackCopy.Slack];
        Zstandard.Unpack(packed, room);
        return room[..length];
    }
}
