using System.Buffers;
using ModelHub.Application.Deployments;
using ModelHub.Application.Serving;
using ModelHub.Engine.Metrics;

namespace ModelHub.Application.Scoring;

/// <summary>A scored row: its class or null for a regression, its outputs; a deployment's rules may have replaced or refused the prediction.</summary>
/// <param name="Prediction">The class, or the value that stands instead of the outputs' own; null when it is refused or simply the value.</param>
public sealed record CollectedRow(string? Prediction, double[] Outputs, bool IsRefused);

/// <summary>Keeps scored rows in memory, in order, for answers that are not written row by row.</summary>
public sealed class CollectedRows(LoadedModel model, double threshold, IReadOnlyList<HumilityRule> guard) : IScoredRowsWriter
{
    private readonly HumilityJudge? _judge = guard.Count > 0 ? new HumilityJudge(model, guard) : null;
    private readonly SortedDictionary<long, CollectedRow[]> _blocks = [];

    public IEnumerable<CollectedRow> All => _blocks.Values.SelectMany(b => b);

    public void Prepare(RowColumns columns)
    {
    }

    public void Begin(RowColumns columns, IBufferWriter<byte> output)
    {
    }

    public void Rows(RowBlock block, RowColumns columns, IBufferWriter<byte> output)
    {
        if (block.Count == 0)
            return; // it begins where the next one does
        var rows = new CollectedRow[block.Count];
        for (var r = 0; r < rows.Length; r++)
        {
            var outputs = block.OutputsOf(r).ToArray();
            var rule = _judge?.Judge(block, r).Rule;
            var own = model.IsRegression ? null : model.Header.Classes[EvaluationReport.Decide(outputs, threshold)];
            rows[r] = new CollectedRow(
                rule?.Action == HumilityAction.Override ? rule.Override : own, outputs, rule?.Action == HumilityAction.Refuse);
        }
        lock (_blocks)
            _blocks[block.FirstRow] = rows;
    }

    public void End(long rows, IBufferWriter<byte> output)
    {
    }
}
