using System.Text;

namespace ModelHub.Infrastructure.Natives;

/// <summary>What a run gave: a tensor, or a sequence of maps (one per row, class → probability).</summary>
internal sealed unsafe class OnnxValue(OnnxApi api, nint value) : IDisposable
{
    private const int Map = 3;
    private const int Sequence = 2;

    public nint Handle => value;

    public void Dispose() => api.ReleaseValue(value);

    /// <summary>Whether it is a tensor of numbers.</summary>
    public bool IsNumbers => !IsMaps && Describe().Type != OnnxColumns.Text;

    public bool IsMaps
    {
        get
        {
            int kind;
            api.Check(((delegate* unmanaged<nint, int*, nint>)api[67])(value, &kind));
            return kind is Sequence or Map;
        }
    }

    /// <summary>A tensor's numbers and sides; null for texts and for kinds of numbers that no model answers with.</summary>
    public (double[]? Numbers, long[] Shape) Numbers()
    {
        var (type, shape, count) = Describe();
        nint data;
        if (type == OnnxColumns.Text)
            return (null, shape);
        api.Check(((delegate* unmanaged<nint, nint*, nint>)api[51])(value, &data));
        var numbers = new double[count];
        for (var i = 0; i < count; i++)
        {
            numbers[i] = type switch
            {
                OnnxColumns.Single => ((float*)data)[i],
                OnnxColumns.Double => ((double*)data)[i],
                OnnxColumns.Long => ((long*)data)[i],
                OnnxColumns.Integer => ((int*)data)[i],
                OnnxColumns.Truth => ((byte*)data)[i],
                _ => throw new OnnxException($"An output of type {type} is not understood."),
            };
        }
        return (numbers, shape);
    }

    /// <summary>A tensor as texts: whole numbers without a point, texts as they are.</summary>
    public string[] Texts()
    {
        var (type, _, count) = Describe();
        if (type != OnnxColumns.Text)
            return [.. Numbers().Numbers!.Select(Engine.Preparation.FeaturePlan.NumberText)];
        nuint length;
        api.Check(((delegate* unmanaged<nint, nuint*, nint>)api[53])(value, &length));
        var bytes = new byte[length + 1];
        var offsets = new nuint[count + 1];
        fixed (byte* all = bytes)
        fixed (nuint* starts = offsets)
            api.Check(((delegate* unmanaged<nint, byte*, nuint, nuint*, nuint, nint>)api[54])(value, all, length, starts, (nuint)count));
        offsets[count] = length;
        return [.. Enumerable.Range(0, count).Select(i => Encoding.UTF8.GetString(bytes, (int)offsets[i], (int)(offsets[i + 1] - offsets[i])))];
    }

    /// <summary>The maps of a sequence.</summary>
    public List<Dictionary<string, double>> Maps()
    {
        nuint count;
        api.Check(((delegate* unmanaged<nint, nuint*, nint>)api[81])(value, &count));
        var maps = new List<Dictionary<string, double>>();
        for (var i = 0; i < (int)count; i++)
        {
            using var map = Part(i);
            using var keys = map.Part(0);
            using var values = map.Part(1);
            maps.Add(keys.Texts().Zip(values.Numbers().Numbers!).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal));
        }
        return maps;
    }

    private OnnxValue Part(int index)
    {
        nint part;
        api.Check(((delegate* unmanaged<nint, int, nint, nint*, nint>)api[80])(value, index, api.Allocator, &part));
        return new OnnxValue(api, part);
    }

    private (int Type, long[] Shape, int Count) Describe()
    {
        nint info;
        api.Check(((delegate* unmanaged<nint, nint*, nint>)api[65])(value, &info));
        try
        {
            var (type, shape) = api.Describe(info);
            return (type, shape, checked((int)shape.Aggregate(1L, (a, b) => checked(a * b))));
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)api[99])(info);
        }
    }
}
