using System.Diagnostics;
using System.Runtime.InteropServices;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Serialization.Foreign;

namespace ModelHub.Benchmarks;

/// <summary>
/// Times scoring with somebody else's model file (--model) on all threads: rows of float32 (--rows) go through once for each line on standard input, and the
/// seconds come back as a line. What was predicted last is left in --out: float64, a probability per class or the value.
/// </summary>
internal static class ForeignBenchmark
{
    private const int Block = 4096;

    public static int Run(Arguments args)
    {
        var model = ForeignModel.TryRead(File.ReadAllBytes(args.Text("model"))).Model ?? throw new ArgumentException("The model file is not known.");
        var rows = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(args.Text("rows")).AsSpan()).ToArray();
        var count = rows.Length / model.FeatureCount;
        var outputs = new double[count * model.OutputCount];
        using var team = new ThreadTeam(args.Number("threads", Environment.ProcessorCount));
        while (Console.ReadLine() is not null)
        {
            var clock = Stopwatch.StartNew();
            var next = -1;
            team.Run(_ =>
            {
                for (int b; (b = Interlocked.Increment(ref next)) * Block < count;)
                {
                    var size = Math.Min(Block, count - b * Block);
                    model.PredictRows(
                        rows.AsSpan(b * Block * model.FeatureCount, size * model.FeatureCount), outputs.AsSpan(b * Block * model.OutputCount, size * model.OutputCount));
                }
            });
            Console.WriteLine(clock.Elapsed.TotalSeconds.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
        }
        File.WriteAllBytes(args.Text("out"), MemoryMarshal.AsBytes(outputs.AsSpan()).ToArray());
        return 0;
    }
}
