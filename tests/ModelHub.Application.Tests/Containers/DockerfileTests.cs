using ModelHub.Application.Environments;
using ModelHub.Application.Errors;

namespace ModelHub.Application.Tests.Containers;

/// <summary>What a Dockerfile names is known before an engine sees it (U9, X9).</summary>
public sealed class DockerfileTests
{
    [Theory]
    [InlineData("FROM scratch\nCOPY a /a", "")]
    [InlineData("# syntax=docker/dockerfile:1\nfrom  --platform=linux/amd64 python:3.12 AS base\nFROM base\nCOPY --from=base /a /a\nCOPY --from=0 /b /b", "python:3.12")]
    [InlineData("ARG V=3.12\nARG R=\"reg.test\"\nFROM ${R}/python:$V\n", "reg.test/python:3.12")]
    [InlineData("FROM \\\n  # why\n  reg.test/a:1\nRUN --mount=type=bind,from=reg.test/b:2,target=/b true\nCOPY --from=reg.test/c:3 /c /c", "reg.test/a:1 reg.test/b:2 reg.test/c:3")]
    [InlineData("FROM a\nONBUILD COPY --from=169.254.169.254/x /x /x", "a 169.254.169.254/x")]
    public void Images_are_found(string text, string images) => Assert.Equal(images.Split(' ', StringSplitOptions.RemoveEmptyEntries), Dockerfile.Images(text));

    [Theory]
    [InlineData("FROM scratch\nADD http://169.254.169.254/latest /x")]
    [InlineData("FROM scratch\nADD --chown=1 \\\n https://example.test/x /x")]
    [InlineData("FROM scratch\nARG U=http://example.test\nADD $U /x")]
    [InlineData("FROM scratch\nADD [\"https://example.test/x\", \"/x\"]")]
    [InlineData("FROM scratch\nADD git@example.test:x/y.git /x")]
    [InlineData("FROM scratch\nONBUILD ADD ftp://example.test/x /x")]
    [InlineData("FROM $NEVER_SAID")]
    [InlineData("FROM ${V:-python}")]
    [InlineData("FROM")]
    [InlineData("ARG X=python\nFROM scratch\nARG X=elsewhere.test/image\nCOPY --from=$X /x /x")]
    [InlineData("ARG X=python\nFROM scratch\nENV X=elsewhere.test/image\nRUN --mount=type=bind,from=${X},target=/x true")]
    [InlineData("# escape=`\nFROM scratch\nADD `\nhttp://example.test /x")]
    public void What_would_be_fetched_or_is_known_too_late_is_refused(string text) =>
        Assert.Equal("build_failed", Assert.Throws<ModelHubException>(() => Dockerfile.Images(text)).Code);
}
