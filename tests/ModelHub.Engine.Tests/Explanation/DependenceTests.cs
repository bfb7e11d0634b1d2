using ModelHub.Engine.Data;
using ModelHub.Engine.Explanation;

namespace ModelHub.Engine.Tests.Explanation;

public class DependenceTests
{
    private static readonly FeatureMatrix Matrix = new(
        [new Feature("x", "x", 0), new Feature("y", "y", 0), new Feature("c", "c", 3)],
        [[.. Enumerable.Range(0, 60).Select(i => (float)i)], [.. Enumerable.Range(0, 60).Select(i => i * 7 % 60f)], [.. Enumerable.Range(0, 60).Select(i => i % 3f)]], 60);

    private static readonly int[] Rows = [.. Enumerable.Range(0, 60)];

    [Fact]
    public void A_column_that_is_not_used_has_no_importance_and_the_used_one_leads()
    {
        var labels = Predict(Matrix);
        var found = PermutationImportance.Of(Matrix, Rows, Predict, s => s.Select((v, i) => Math.Abs(v - labels[i])).Average(), false, 5, 3);
        Assert.Equal("x", found[0].Variable);
        Assert.True(found[0].Mean > 10 && found[0].Deviation > 0);
        Assert.Equal((0, 0), (found[^1].Mean, found[^1].Deviation));
        Assert.Equal(found, PermutationImportance.Of(Matrix, Rows, Predict, s => s.Select((v, i) => Math.Abs(v - labels[i])).Average(), false, 5, 3));
    }

    [Fact]
    public void Dependence_of_an_additive_prediction_is_its_term()
    {
        var found = PartialDependence.Of(Matrix, 0, Rows, Predict, 1, 5, 2);
        Assert.Equal([0f, 14, 29, 44, 59], found.Values);
        for (var g = 1; g < 5; g++)
        {
            Assert.Equal(2 * (found.Values[g] - found.Values[0]), found.Means[g][0] - found.Means[0][0], 9);
            Assert.Equal(2 * (found.Values[g] - found.Values[0]), found.Curves[1][g][0] - found.Curves[1][0][0], 9);
        }
        Assert.Equal([0f, 1, 2], PartialDependence.Of(Matrix, 2, Rows, Predict, 1).Values);
    }

    [Fact]
    public void Bad_options_are_named()
    {
        Assert.Throws<EngineException>(() => PartialDependence.Of(Matrix, 3, Rows, Predict, 1));
        Assert.Throws<EngineException>(() => PartialDependence.Of(Matrix, 0, [], Predict, 1));
        Assert.Throws<EngineException>(() => PermutationImportance.Of(Matrix, [1], Predict, s => 0, true, 5, 3));
    }

    private static double[] Predict(FeatureMatrix m) => [.. Enumerable.Range(0, m.RowCount).Select(r => 2.0 * m[r, 0] + m[r, 2])];
}
