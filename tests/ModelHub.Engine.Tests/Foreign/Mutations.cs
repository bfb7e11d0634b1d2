using ModelHub.Engine.Serialization.Foreign;

namespace ModelHub.Engine.Tests.Foreign;

/// <summary>Files with flipped bits and cut ends: they are read as another model, or refused; nothing else may happen.</summary>
internal static class Mutations
{
    public static void Try(byte[] file, int times)
    {
        var random = new Random(11);
        var refused = 0;
        for (var i = 0; i < times; i++)
        {
            var changed = file[..(i % 3 == 0 ? random.Next(file.Length) : file.Length)];
            for (var flips = i % 3 == 0 ? 0 : 1 << random.Next(6); flips > 0; flips--)
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var model = ForeignModel.TryRead(changed).Model;
                if (model is { FeatureCount: < 1000 })
                    model.PredictRows(new float[model.FeatureCount * 20], 20);
                refused += model is null ? 1 : 0;
            }
            catch (EngineException)
            {
                refused++;
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256L << 20);
        }
        Assert.InRange(refused, times / 3, times);
    }
}
