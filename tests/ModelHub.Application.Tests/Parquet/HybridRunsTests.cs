using ModelHub.Application.Parquet;

namespace ModelHub.Application.Tests.Parquet;

public sealed class HybridRunsTests
{
    [Fact]
    public void Numbers_come_out_as_they_were_put_in()
    {
        var random = new Random(13);
        for (var round = 0; round < 3000; round++)
        {
            var bits = round % 33;
            var (bytes, numbers) = Made(random, bits);
            var found = new int[1 + random.Next(numbers.Count)];
            HybridRuns.Read(bytes, bits, found);
            Assert.Equal(numbers.Take(found.Length), found);
        }
    }

    [Theory]
    [InlineData(new byte[0], 1, 1)]
    [InlineData(new byte[] { 6, 1 }, 1, 4)] // three ones, four are wanted
    [InlineData(new byte[] { 6 }, 1, 3)] // a run of nothing
    [InlineData(new byte[] { 0, 1 }, 1, 1)] // a run of none
    [InlineData(new byte[] { 3 }, 1, 8)] // a group that is not there
    [InlineData(new byte[] { 3, 1, 2 }, 3, 8)] // a group that is cut
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1 }, 1, 1)]
    [InlineData(new byte[] { 6, 1 }, 33, 3)]
    [InlineData(new byte[] { 6, 1 }, 255, 3)]
    public void Damage_is_told(byte[] bytes, int bits, int count) => Assert.Throws<InvalidDataException>(() => HybridRuns.Read(bytes, bits, new int[count]));

    [Theory]
    [InlineData(new byte[] { 6, 1 }, 3, true)]
    [InlineData(new byte[] { 6, 1 }, 4, false)]
    [InlineData(new byte[] { 6, 0 }, 3, false)]
    [InlineData(new byte[] { 3, 255 }, 3, false)] // ones as well, but not said in one
    public void A_run_of_ones_is_known(byte[] bytes, int count, bool isAllOnes) => Assert.Equal(isAllOnes, HybridRuns.IsAllOnes(bytes, count));

    private static (byte[] Bytes, List<int> Numbers) Made(Random random, int bits)
    {
        var (bytes, numbers) = (new List<byte>(), new List<int>());
        for (var part = 0; part < 1 + random.Next(5); part++)
        {
            var groups = 1 + random.Next(6);
            if (random.Next(2) == 0)
            {
                var number = Number();
                var count = 1 + random.Next(500);
                bytes.AddRange(count << 1 < 0x80 ? [(byte)(count << 1)] : [(byte)(count << 1 | 0x80), (byte)(count >> 6)]);
                for (var b = 0; b < (bits + 7) / 8; b++)
                    bytes.Add((byte)(number >> 8 * b));
                numbers.AddRange(Enumerable.Repeat((int)number, count));
                continue;
            }
            bytes.Add((byte)(groups << 1 | 1));
            var packed = new byte[groups * bits];
            for (var i = 0; i < groups * 8; i++)
            {
                var number = Number();
                numbers.Add((int)number);
                for (var b = 0; b < bits; b++)
                    packed[(i * bits + b) / 8] |= (byte)((number >> b & 1) << (i * bits + b) % 8);
            }
            bytes.AddRange(packed);
        }
        return ([.. bytes], numbers);

        uint Number() => (uint)(random.NextInt64(1L << 32) & ((1L << bits) - 1));
    }
}
