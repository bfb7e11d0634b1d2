namespace ModelHub.Application.Tests.Containers;

/// <summary>A test with a real container engine: skipped, and counted as that, where MODELHUB_TEST_IMAGE names no base image. CI makes one.</summary>
public sealed class ContainerFactAttribute : FactAttribute
{
    public ContainerFactAttribute() => Skip = ContainerBench.Missing;
}

/// <summary>The same with cases.</summary>
public sealed class ContainerTheoryAttribute : TheoryAttribute
{
    public ContainerTheoryAttribute() => Skip = ContainerBench.Missing;
}
