using System.Runtime.InteropServices;

namespace ModelHub.Infrastructure.Natives;

/// <summary>A model's input or output: its element type in ONNX's numbers and its sides (-1: any); both empty for a sequence of maps.</summary>
/// <param name="Utf8">The name as the library takes it; the session's memory.</param>
internal sealed record OnnxPort(string Name, int Type, long[] Shape, nint Utf8 = 0);

/// <summary>One loaded graph. Runs on several threads at once; the graph is freed when it is disposed and the last run has ended.</summary>
internal sealed unsafe class OnnxSession : SafeHandle
{
    private const int Tensor = 1;
    private readonly OnnxApi _api;
    private readonly nint[] _inputNames = [];
    private readonly nint[] _outputNames = [];

    /// <exception cref="OnnxException">The bytes are no model that the library can run.</exception>
    public OnnxSession(OnnxApi api, ReadOnlySpan<byte> model)
        : base(0, ownsHandle: true)
    {
        _api = api;
        var matrix = OnnxMatrix.Of(model);
        Columns = matrix?.Columns;
        ReadOnlySpan<byte> loaded = matrix is null ? model : matrix.Model;
        nint options, session;
        api.Check(((delegate* unmanaged<nint*, nint>)api[10])(&options));
        try
        {
            // One thread per run: requests are what runs side by side. No arena: memory goes back after every run.
            api.Check(((delegate* unmanaged<nint, int, nint>)api[24])(options, 1));
            api.Check(((delegate* unmanaged<nint, int, nint>)api[25])(options, 1));
            api.Check(((delegate* unmanaged<nint, nint>)api[17])(options));
            api.Check(((delegate* unmanaged<nint, nint>)api[19])(options));
            fixed (byte* bytes = loaded)
                api.Check(((delegate* unmanaged<nint, byte*, nuint, nint, nint*, nint>)api[8])(api.Environment, bytes, (nuint)loaded.Length, options, &session));
        }
        finally
        {
            ((delegate* unmanaged<nint, void>)api[100])(options);
        }
        SetHandle(session);
        Inputs = Ports(30, 36, 33);
        Outputs = Ports(31, 37, 34);
        (_inputNames, _outputNames) = (Names(Inputs), Names(Outputs));
    }

    public OnnxPort[] Inputs { get; }

    /// <summary>The names of the columns of the one input, when it stands for inputs of those names; else null.</summary>
    public string[]? Columns { get; }

    public OnnxPort[] Outputs { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Runs the graph for some outputs, in their order.</summary>
    /// <exception cref="OnnxException">It fails for these inputs.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public OnnxValue[] Run(OnnxFeed feed, OnnxPort[] outputs)
    {
        var held = false;
        DangerousAddRef(ref held);
        try
        {
            var outputNames = ReferenceEquals(outputs, Outputs) ? _outputNames : Names(outputs);
            var results = new nint[outputs.Length];
            fixed (nint* ins = _inputNames, outs = outputNames, values = feed.Values, given = results)
                _api.Check(((delegate* unmanaged<nint, nint, nint*, nint*, nuint, nint*, nuint, nint*, nint>)_api[9])(
                    handle, 0, ins, values, (nuint)Inputs.Length, outs, (nuint)outputs.Length, given));
            return Array.ConvertAll(results, r => new OnnxValue(_api, r));
        }
        finally
        {
            if (held)
                DangerousRelease();
        }
    }

    protected override bool ReleaseHandle()
    {
        ((delegate* unmanaged<nint, void>)_api[95])(handle);
        foreach (var name in _inputNames.Concat(_outputNames))
            Marshal.FreeCoTaskMem(name);
        return true;
    }

    private static nint[] Names(OnnxPort[] ports) => Array.ConvertAll(ports, p => p.Utf8);

    private OnnxPort[] Ports(int count, int name, int type)
    {
        nuint ports;
        _api.Check(((delegate* unmanaged<nint, nuint*, nint>)_api[count])(handle, &ports));
        var all = new OnnxPort[ports];
        for (nuint i = 0; i < ports; i++)
        {
            nint text, info, tensor;
            int kind;
            _api.Check(((delegate* unmanaged<nint, nuint, nint, nint*, nint>)_api[name])(handle, i, _api.Allocator, &text));
            _api.Check(((delegate* unmanaged<nint, nuint, nint*, nint>)_api[type])(handle, i, &info));
            try
            {
                _api.Check(((delegate* unmanaged<nint, int*, nint>)_api[56])(info, &kind));
                var (element, shape) = (0, Array.Empty<long>());
                if (kind == Tensor)
                {
                    _api.Check(((delegate* unmanaged<nint, nint*, nint>)_api[55])(info, &tensor));
                    (element, shape) = _api.Describe(tensor);
                }
                var port = _api.TakeText(text);
                all[i] = new OnnxPort(port, element, shape, Marshal.StringToCoTaskMemUTF8(port));
            }
            finally
            {
                ((delegate* unmanaged<nint, void>)_api[98])(info);
            }
        }
        return all;
    }
}
