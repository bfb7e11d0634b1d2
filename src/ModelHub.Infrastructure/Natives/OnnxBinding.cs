namespace ModelHub.Infrastructure.Natives;

/// <summary>
/// A feed and its answer tied to a session once, so that a run looks up no names and makes no values: the answer is written where the first one lies.
/// </summary>
internal sealed unsafe class OnnxBinding : IDisposable
{
    private readonly OnnxApi _api;
    private readonly OnnxSession _session;
    private readonly bool _holds;
    private nint _binding;

    /// <param name="feed">Of numbers only; filled again before every run.</param>
    /// <param name="answer">What a run of the feed gave for the outputs, a tensor of numbers each; the binding's from now on.</param>
    /// <exception cref="OnnxException">The library refuses it.</exception>
    public OnnxBinding(OnnxApi api, OnnxSession session, OnnxFeed feed, OnnxPort[] outputs, OnnxValue[] answer)
    {
        (_api, _session, Answer) = (api, session, answer);
        session.DangerousAddRef(ref _holds);
        try
        {
            nint binding;
            api.Check(((delegate* unmanaged<nint, nint*, nint>)api[134])(session.DangerousGetHandle(), &binding));
            _binding = binding;
            var bind = (delegate* unmanaged<nint, nint, nint, nint>)api[136];
            for (var i = 0; i < session.Inputs.Length; i++)
                api.Check(bind(binding, session.Inputs[i].Utf8, feed.Values[i]));
            bind = (delegate* unmanaged<nint, nint, nint, nint>)api[137];
            for (var i = 0; i < outputs.Length; i++)
                api.Check(bind(binding, outputs[i].Utf8, answer[i].Handle));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What the last run gave.</summary>
    public OnnxValue[] Answer { get; }

    /// <exception cref="OnnxException">It fails for this row, or the answer has other sides than the first one.</exception>
    public void Run() => _api.Check(((delegate* unmanaged<nint, nint, nint, nint>)_api[133])(_session.DangerousGetHandle(), 0, _binding));

    public void Dispose()
    {
        if (_binding != 0)
            ((delegate* unmanaged<nint, void>)_api[135])(_binding);
        _binding = 0;
        Array.ForEach(Answer, value => value.Dispose());
        if (_holds)
            _session.DangerousRelease();
    }
}
