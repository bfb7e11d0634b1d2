using ModelHub.Engine.Data;
using ModelHub.Engine.Losses;

namespace ModelHub.Engine.Tests.Losses;

public class LossTests
{
    [Theory]
    [InlineData(LossKind.Logistic, TaskKind.Binary)]
    [InlineData(LossKind.Softmax, TaskKind.Multiclass)]
    [InlineData(LossKind.Squared, TaskKind.Regression)]
    [InlineData(LossKind.Absolute, TaskKind.Regression)]
    [InlineData(LossKind.Quantile, TaskKind.Regression)]
    [InlineData(LossKind.Huber, TaskKind.Regression)]
    [InlineData(LossKind.Poisson, TaskKind.Regression)]
    [InlineData(LossKind.Tweedie, TaskKind.Regression)]
    [InlineData(LossKind.Gamma, TaskKind.Regression)]
    public void Gradients_are_the_slope_of_the_loss(LossKind kind, TaskKind task)
    {
        var loss = LossFactory.Create(kind, task, 3, 0.3, 1.4);
        var outputs = task == TaskKind.Multiclass ? 3 : 1;
        double[] gradients = new double[outputs], hessians = new double[outputs];
        foreach (var label in new double[] { 1, 0, 2 }.Where(l => task != TaskKind.Binary || l < 2))
        {
            foreach (var at in new[] { -2.3, -0.4, 0.7, 1.6 })
            {
                double[] Scores(double move) => [.. Enumerable.Range(0, outputs).Select(o => o == 0 ? at + move : 0.3 * o)];
                loss.Derive(Scores(0), label, gradients, hessians);
                var slope = (loss.Value(Scores(1e-5), label) - loss.Value(Scores(-1e-5), label)) / 2e-5;
                Assert.Equal(slope, gradients[0], 1e-5);
                Assert.All(hessians, h => Assert.True(h >= 0));
            }
        }
    }
}
