using ModelHub.Application.Arrow;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Tests.Arrow;

/// <summary>Tables that Apache's own library has written, our own, and broken ones.</summary>
public class ArrowTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Arrow");

    [Theory]
    [InlineData("apache.arrow")]
    [InlineData("apache.arrows")]
    public void What_Apaches_library_writes_is_read(string file)
    {
        var columns = ArrowReader.Read(File.ReadAllBytes(Path.Combine(Folder, file))).ToDictionary(c => c.Name);
        Assert.Equal([1.5, double.NaN, -3], columns["x"].Numbers!);
        Assert.Equal([1, 2, -3], columns["n"].Numbers!);
        Assert.True(columns["b"].IsTruth);
        Assert.Equal([1, double.NaN, 0], columns["b"].Numbers!);
        Texts(columns["k"], "a", "b", "a");
        Texts(columns["s"], "ü", null, "");
        Texts(columns["t"], "2001-09-09T01:46:40", null, "1970-01-01T00:00:00");
        Assert.Equal([[1, 2], [3, 4], [5, 6]], columns["l"].Lists!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_written_is_read_again(bool isFile)
    {
        FrameColumn[] columns =
        [
            FrameColumn.Of("x", [0.1, double.NaN, double.MaxValue, -0.0, 5, 6, 7, 8, 9]),
            FrameColumn.Of("texts", ["a", null, "", "名前 🚀", "e", "f", "g", "h", "i"]),
            FrameColumn.Of("truths", [1, 0, double.NaN, 1, 1, 0, 0, 0, 1]) with { IsTruth = true },
            FrameColumn.Of("lists", [[1, 2], null, [], [0.5], [1], [2], [3], [4], [5]]),
        ];
        var bytes = ArrowWriter.Write(columns, isFile);
        Assert.Equal(isFile, bytes.AsSpan().StartsWith("ARROW1"u8));
        var read = ArrowReader.Read(bytes);
        Assert.Equal(columns.Select(c => c.Name), read.Select(c => c.Name));
        Assert.Equal(columns[0].Numbers!.Select(BitConverter.DoubleToInt64Bits), read[0].Numbers!.Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(columns[1].Texts, read[1].Texts);
        Assert.True(read[2].IsTruth);
        Assert.Equal(columns[2].Numbers!, read[2].Numbers!);
        Assert.Equal(columns[3].Lists, read[3].Lists);
    }

    [Fact]
    public void Times_are_times()
    {
        var read = ArrowReader.Read(ArrowWriter.Write([FrameColumn.Of("t", [1_795_252_786_520.0]) with { IsTime = true }], isFile: false));
        Texts(read[0], "2026-11-21T09:19:46.52");
    }

    [Fact]
    public void A_table_without_rows_is_one()
    {
        var read = ArrowReader.Read(ArrowWriter.Write([FrameColumn.Of("x", Array.Empty<string?>())], isFile: true));
        Assert.Empty(Assert.Single(read).Texts!);
    }

    private static void Texts(FrameColumn column, params string?[] expected) => Assert.Equal<IEnumerable<string?>>(expected, column.Texts);

    [Theory]
    [InlineData("apache.arrow")]
    [InlineData("apache.arrows")]
    public void Broken_tables_are_refused(string file)
    {
        var whole = File.ReadAllBytes(Path.Combine(Folder, file));
        var random = new Random(5);
        var refused = 0;
        for (var i = 0; i < 4000; i++)
        {
            var changed = whole[..(i % 3 == 0 ? random.Next(whole.Length) : whole.Length)];
            for (var flips = i % 3 == 0 ? 0 : 1 << random.Next(6); flips > 0; flips--)
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                ArrowReader.Read(changed);
            }
            catch (ModelHubException refusal)
            {
                Assert.Equal(ErrorKind.Invalid, refusal.Kind);
                refused++;
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128L << 20);
        }
        Assert.InRange(refused, 1200, 4000);
    }
}
