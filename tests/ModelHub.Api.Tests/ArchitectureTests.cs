using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ModelHub.Api.Tests;

/// <summary>Walls that the compiler does not hold.</summary>
public sealed class ArchitectureTests
{
    private static readonly string Api = Path.Combine(Root(), "src", "ModelHub.Api");

    [Fact]
    public void Dialects_do_not_know_each_other()
    {
        var folder = Path.Combine(Api, "Dialects");
        foreach (var dialect in Directory.EnumerateDirectories(folder).Select(d => Path.GetFileName(d)))
        {
            foreach (var file in Sources(Path.Combine(folder, dialect)))
            {
                foreach (Match use in Regex.Matches(File.ReadAllText(file), @"ModelHub\.Api\.Dialects\.(\w+)"))
                    Assert.True(use.Groups[1].Value == dialect, $"{file} uses {use.Value}");
            }
        }
    }

    [Fact]
    public void Only_the_host_knows_the_infrastructure_and_nobody_the_engine()
    {
        foreach (var file in Sources(Api))
        {
            var text = File.ReadAllText(file);
            Assert.DoesNotContain("extern alias", text, StringComparison.Ordinal);
            if (!file.Contains($"{Path.DirectorySeparatorChar}Hosting{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                Assert.DoesNotContain("ModelHub.Infrastructure", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_engine_references_nothing_but_the_runtime() => Assert.All(
        typeof(Engine.IModel).Assembly.GetReferencedAssemblies(),
        reference => Assert.True(reference.Name!.StartsWith("System", StringComparison.Ordinal), reference.Name));

    [Fact]
    public void Nobody_asks_the_clock_of_the_machine()
    {
        foreach (var file in Sources(Path.Combine(Root(), "src")))
            Assert.DoesNotMatch(@"DateTime(Offset)?\.(UtcNow|Now)\b|new Random\(\)", File.ReadAllText(file));
    }

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
