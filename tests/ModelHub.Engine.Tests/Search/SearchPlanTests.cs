using ModelHub.Engine.Data;
using ModelHub.Engine.Search;

namespace ModelHub.Engine.Tests.Search;

public class SearchPlanTests
{
    /// <summary>
    /// Processor seconds of first searches on fresh hubs, less the 4 that every one takes (docs/benchmarks/hub.md, "First searches"): a plan stays
    /// within a factor of two.
    /// </summary>
    [Theory]
    [InlineData(TaskKind.Binary, 891, 200, 2, 4, 5, 4.4)] // titanic
    [InlineData(TaskKind.Multiclass, 4898, 11, 7, 3, 3, 7.4)] // wine
    [InlineData(TaskKind.Regression, 20640, 9, 0, 3, 3, 16)] // california
    [InlineData(TaskKind.Binary, 48842, 14, 2, 2, 3, 10)] // adult
    [InlineData(TaskKind.Multiclass, 20000, 16, 26, 3, 3, 106)] // letter
    public void A_plan_is_of_the_size_of_what_was_measured(TaskKind task, int rows, int features, int classes, int models, int folds, double measured) =>
        Assert.InRange(Of(task, rows, features, classes, models, folds).Seconds(folds), measured / 2, measured * 2);

    [Theory]
    [InlineData(TaskKind.Binary, 2)]
    [InlineData(TaskKind.Multiclass, 7)]
    [InlineData(TaskKind.Regression, 0)]
    public void More_to_do_takes_longer(TaskKind task, int classes)
    {
        double Seconds(int rows = 20_000, int features = 10, int models = 4, int folds = 3) =>
            Of(task, rows, features, classes, models, folds).Seconds(folds);
        Assert.True(Seconds(rows: 10_000) < Seconds() && Seconds() < Seconds(rows: 80_000));
        Assert.True(Seconds(features: 5) < Seconds() && Seconds() < Seconds(features: 200));
        Assert.True(Seconds(models: 2) < Seconds(models: 3) && Seconds(models: 3) < Seconds() && Seconds() < Seconds(models: 30));
        Assert.True(Seconds(folds: 2) < Seconds() && Seconds() < Seconds(folds: 5));
    }

    [Fact]
    public void Models_weigh_as_far_as_there_is_time_for_them()
    {
        var plan = Of(TaskKind.Regression, 20_000, 10, 0, 10, 3);
        var all = plan.ModelBytes(3, double.PositiveInfinity);
        Assert.Equal(3 * plan.Portfolio.Sum(t => t.ModelBytes), all);
        Assert.InRange(plan.ModelBytes(3, plan.Seconds(3) / 2), 1, all - 1);
        Assert.Equal(0, plan.ModelBytes(3, 0.1));
    }

    /// <summary>Who climbs upon what is told by the same rule before a search and in it.</summary>
    [Fact]
    public void A_second_level_is_planned_where_there_will_be_one()
    {
        Assert.NotEmpty(Of(TaskKind.Binary, 5000, 10, 2, 3, 3).SecondLevel);
        Assert.Empty(Of(TaskKind.Binary, 500, 10, 2, 3, 3).SecondLevel);
        Assert.Empty(Of(TaskKind.Multiclass, 5000, 10, 26, 3, 3).SecondLevel);
        Assert.Empty(SearchPlan.Of(SearchMode.HighSpeed, TaskKind.Binary, 5000, 3, 10, 2, 3, hasTime: false).SecondLevel);
    }

    private static SearchPlan Of(TaskKind task, int rows, int features, int classes, int models, int folds) =>
        SearchPlan.Of(SearchMode.Balanced, task, rows, folds, features, classes, models, hasTime: false);
}
