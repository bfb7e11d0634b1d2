using System.Collections.Concurrent;
using ModelHub.Application.Errors;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Infrastructure.Natives;

/// <summary>An ONNX graph as a model: rows are scored in blocks, so that memory does not grow with them.</summary>
internal sealed class OnnxRunner : IModelRunner
{
    private readonly OnnxApi _api;
    private readonly OnnxSession _session;
    private readonly OnnxColumns _columns;
    private readonly OnnxAnswer _answer;

    /// <summary>Filled again for the next single row: as many as requests were ever under way at once.</summary>
    private readonly ConcurrentBag<OnnxFeed> _ofOneRow = [];

    private volatile bool _binds;

    public OnnxRunner(OnnxApi api, ReadOnlySpan<byte> model, ModelTarget? wanted)
    {
        _api = api;
        _session = new OnnxSession(api, model);
        var target = wanted ?? ModelTarget.Regression;
        try
        {
            target = wanted ?? OnnxLabels.TargetOf(_session.Outputs, model) ?? ModelTarget.Regression;
            _columns = new OnnxColumns(api, _session.Inputs, _session.Columns);
            _binds = _columns.IsNumbers;
            _answer = new OnnxAnswer(_session.Outputs, target);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
        Header = new ModelHeader("ONNX", target.Task, target.Name, target.Classes, target.Threshold, _columns.Describe());
    }

    public ModelHeader Header { get; }

    public Task<double[]> PredictAsync(Table rows, CancellationToken cancellation)
    {
        var width = Header.Task == TaskKind.Regression ? 1 : Header.Classes.Count;
        var all = new double[rows.RowCount * width];
        var block = _columns.Batch ?? OnnxColumns.MostBatch;
        for (var from = 0; from < rows.RowCount; from += block)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(block, rows.RowCount - from);
            // A model of a fixed number of rows gets its last ones filled up with the first of them.
            var padded = _columns.Batch ?? count;
            var part = count == rows.RowCount && padded == count ? rows
                : rows.Take([.. Enumerable.Range(0, padded).Select(i => i < count ? from + i : from)]);
            Score(part).AsSpan(0, count * width).CopyTo(all.AsSpan(from * width));
        }
        return Task.FromResult(all);
    }

    public ValueTask DisposeAsync()
    {
        _session.Dispose();
        LetGo();
        return ValueTask.CompletedTask;
    }

    private void LetGo()
    {
        while (_ofOneRow.TryTake(out var feed))
            feed.Dispose();
    }

    private double[] Score(Table rows)
    {
        var isKept = rows.RowCount == 1 && _columns.HasFixedWidth;
        OnnxFeed? feed = null;
        try
        {
            if (isKept && _ofOneRow.TryTake(out feed))
                _columns.Fill(feed, rows);
            else
                feed = _columns.Feed(rows);
            var scores = TryBound(feed) ?? Score(feed, rows.RowCount, isKept && _binds);
            if (isKept)
            {
                _ofOneRow.Add(feed);
                feed = null;
                if (_session.IsClosed)
                    LetGo();
            }
            return scores;
        }
        catch (OnnxException failed)
        {
            throw new ModelHubException(ErrorKind.Invalid, "model_failed", $"The ONNX model could not score these rows: {failed.Message}", inner: failed);
        }
        finally
        {
            feed?.Dispose();
        }
    }

    /// <summary>A row through its feed's binding; null when it has none, or none any more: answers of several sizes cannot be bound.</summary>
    private double[]? TryBound(OnnxFeed feed)
    {
        if (feed.Binding is null)
            return null;
        try
        {
            feed.Binding.Run();
            return _answer.Read(feed.Binding.Answer, 1);
        }
        catch (OnnxException)
        {
            _binds = false;
            feed.Binding.Dispose();
            feed.Binding = null;
            return null;
        }
    }

    private double[] Score(OnnxFeed feed, int rows, bool binds)
    {
        var values = _session.Run(feed, _answer.Outputs);
        try
        {
            var scores = _answer.Read(values, rows);
            if (binds && values.All(v => v.IsNumbers))
            {
                var first = values;
                values = [];
                feed.Binding = new OnnxBinding(_api, _session, feed, _answer.Outputs, first);
            }
            return scores;
        }
        finally
        {
            Array.ForEach(values, v => v.Dispose());
        }
    }
}
