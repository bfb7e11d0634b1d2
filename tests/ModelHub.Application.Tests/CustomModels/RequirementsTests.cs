using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Tests.CustomModels;

public sealed class RequirementsTests
{
    [Fact]
    public void Packages_have_extras_and_bounds()
    {
        var found = Requirements.Parse("# ours\nnumpy>=1.20,<2 # why\n\nUvicorn[standard, http] == 0.30.*\nplain; python_version < '3.9'\nnear~=1.4.2\r\n");
        Assert.Equal(["numpy", "Uvicorn", "plain", "near"], found.Select(d => d.PackageName));
        Assert.Equal([2, 4, 5, 6], found.Select(d => d.LineNumber));
        Assert.Equal("standard,http", found[1].Extras);
        Assert.Equal([(">=", "1.20"), ("<", "2")], found[0].Bounds.Select(b => (b.Operator, b.Version)));
        Assert.Equal([(">=", "1.4.2"), ("==", "1.4.*")], found[3].Bounds.Select(b => (b.Operator, b.Version)));
    }

    [Theory]
    [InlineData("--index-url http://example.test/")]
    [InlineData("-r /etc/passwd")]
    [InlineData("-e git+https://example.test/x.git")]
    [InlineData("file:///etc/passwd")]
    [InlineData("../other")]
    [InlineData("thing @ https://example.test/thing.whl")]
    [InlineData("thing --global-option=x")]
    [InlineData("$(touch x)")]
    [InlineData("`id`")]
    [InlineData("'thing'")]
    [InlineData("thing && touch x")]
    public void Lines_that_say_more_than_a_package_are_refused_by_name(string line)
    {
        // X9
        var refusal = Assert.Throws<ModelHubException>(() => Requirements.Parse("numpy\n" + line));
        Assert.Equal("invalid_dependencies", refusal.Code);
        Assert.Contains(line, refusal.Fields!.Keys);
    }
}
