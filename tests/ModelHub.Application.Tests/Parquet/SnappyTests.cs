using ModelHub.Application.Parquet;

namespace ModelHub.Application.Tests.Parquet;

/// <summary>Unpacking, against elements put together here and unpacked byte by byte.</summary>
public sealed class SnappyTests
{
    [Fact]
    public void What_is_put_together_comes_out_again()
    {
        var random = new Random(11);
        for (var round = 0; round < 3000; round++)
        {
            var (packed, plain) = Made(random, 1 + random.Next(40));
            Assert.Equal(plain, Unpacked(packed, plain.Length));
        }
    }

    [Theory]
    [InlineData(new byte[0], 0)]
    [InlineData(new byte[] { 0x80 }, 0)]
    [InlineData(new byte[] { 4, 12, 1, 2, 3, 4 }, 5)] // four bytes, not five
    [InlineData(new byte[] { 5, 12, 1, 2, 3, 4 }, 5)] // cut
    [InlineData(new byte[] { 4, 12, 1, 2, 3 }, 4)]
    [InlineData(new byte[] { 2, 12, 1, 2, 3, 4 }, 2)] // more than is said
    [InlineData(new byte[] { 4, 0xF0 }, 4)] // a length that is not there
    [InlineData(new byte[] { 4, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF }, 4)]
    [InlineData(new byte[] { 5, 0, 7, 0x01, 0 }, 5)] // a copy of itself
    [InlineData(new byte[] { 5, 0, 7, 0x01, 2 }, 5)] // a copy from in front of the beginning
    [InlineData(new byte[] { 5, 0, 7, 0x05, 1 }, 5)] // a copy beyond the end
    [InlineData(new byte[] { 5, 0, 7, 0x0E, 1 }, 5)] // a distance that is cut
    [InlineData(new byte[] { 5, 0, 7, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF }, 5)]
    public void Damage_is_told(byte[] packed, int length) => Assert.Throws<InvalidDataException>(() => Unpacked(packed, length));

    [Fact]
    public void Changed_bytes_never_write_beyond_the_room()
    {
        var random = new Random(12);
        for (var round = 0; round < 3000; round++)
        {
            var (packed, plain) = Made(random, 20);
            packed[random.Next(packed.Length)] = (byte)random.Next(256);
            var room = new byte[plain.Length + BackCopy.Slack + 256];
            room.AsSpan(plain.Length + BackCopy.Slack).Fill(0xEE);
            try
            {
                Snappy.Unpack(packed, room.AsSpan(0, plain.Length + BackCopy.Slack));
            }
            catch (InvalidDataException)
            {
                // As it should.
            }
            Assert.All(room[(plain.Length + BackCopy.Slack)..], b => Assert.Equal(0xEE, b));
        }
    }

    private static byte[] Unpacked(byte[] packed, int length)
    {
        var room = new byte[length + BackCopy.Slack];
        Snappy.Unpack(packed, room);
        return room[..length];
    }

    /// <summary>Elements of every form.</summary>
    private static (byte[] Packed, byte[] Plain) Made(Random random, int elements)
    {
        var (packed, plain) = (new List<byte>(), new List<byte>());
        for (var e = 0; e < elements; e++)
        {
            var form = plain.Count == 0 ? 0 : random.Next(4);
            if (form == 0)
            {
                var text = new byte[random.Next(4) switch { 0 => 1 + random.Next(16), 1 => 1 + random.Next(60), 2 => 61 + random.Next(196), _ => 257 + random.Next(70_000 / elements) }];
                random.NextBytes(text);
                var less = text.Length - 1;
                packed.AddRange(less < 60 ? [(byte)(less << 2)] : less < 256 ? [60 << 2, (byte)less] : [61 << 2, (byte)less, (byte)(less >> 8)]);
                packed.AddRange(text);
                plain.AddRange(text);
                continue;
            }
            var back = Math.Min(plain.Count, 1 + random.Next(random.Next(2) == 0 ? 20 : form == 1 ? 2047 : 65_535));
            var length = form == 1 ? 4 + random.Next(8) : 1 + random.Next(64);
            packed.AddRange(form switch
            {
                1 => [(byte)(1 | length - 4 << 2 | back >> 8 << 5), (byte)back],
                2 => [(byte)(2 | length - 1 << 2), (byte)back, (byte)(back >> 8)],
                _ => [(byte)(3 | length - 1 << 2), (byte)back, (byte)(back >> 8), 0, 0],
            });
            for (var i = 0; i < length; i++)
                plain.Add(plain[^back]);
        }
        var head = new List<byte>();
        var left = plain.Count;
        for (; left >= 0x80; left >>= 7)
            head.Add((byte)(left | 0x80));
        return ([.. head, (byte)left, .. packed], [.. plain]);
    }
}
