using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Serving;
using ModelHub.Engine.Data;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Tests.CustomModels;

public sealed class ExtraCheckRunsTests
{
    [Fact]
    public async Task Verification_decides_as_the_hub_s_answers_do()
    {
        // A threshold of 0.3: 0.4 is a yes in every answer of the hub, and 0.2 a no.
        await using var model = new Fixed(new ModelHeader("custom", TaskKind.Binary, "y", ["no", "yes"], 0.3, []), [0.6, 0.4, 0.8, 0.2]);
        var rows = new Table([new NumericColumn("a", ColumnKind.Numeric, [1, 2])], 2);
        var expected = new Table([new TextColumn("decision", ColumnKind.Category, ["yes", "no"])], 2);
        var checks = new ExtraCheckRuns(rows, model.PredictAsync, model, TimeProvider.System);
        Assert.Equal("2 of 2 rows match.", await checks.VerifyAsync(new VerificationCheck(Guid.Empty, "decision", 0, 100), expected, CancellationToken.None));
    }

    private sealed class Fixed(ModelHeader header, double[] outputs) : IModelRunner
    {
        public ModelHeader Header => header;

        public Task<double[]> PredictAsync(Table rows, CancellationToken cancellation) => Task.FromResult(outputs);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
