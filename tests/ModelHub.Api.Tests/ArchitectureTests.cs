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

    /// <summary>
    /// Each way in which strangers' bytes could do harm has one gate, and nothing goes around it. What is listed besides starts or unpacks
    /// only what the hub itself chose: its own database, its own probe, libraries whose hashes are pinned.
    /// </summary>
    [Theory]
    [InlineData(@"\bProcess\.Start\(|new Process\b", "ProcessLauncher.cs", "Postmaster.cs", "ClusterFolder.cs", "NativeLibraries.cs", "NativeProcess.cs")]
    [InlineData(@"ZipArchiveMode\.(Read|Update)|ZipFile\.|\bTarReader\b|\bTarFile\.", "ArchiveReader.cs", "NativeLibraries.cs")]
    [InlineData(@"ExtractTo(File|Directory)", "NativeLibraries.cs")]
    [InlineData(@"Contains\(""\.\.""", "ArchivePath.cs", "ArchiveReader.cs", "RepositoryService.cs")]
    [InlineData(@"CreateTempSubdirectory\(|GetTempPath\(|GetTempFileName\(", "Scratch.cs", "BubblewrapSandbox.cs", "ContainerSandbox.cs", "EngineSocket.cs")]
    [InlineData(@"Flush\(flushToDisk: true\)|\bfsync\(", "LocalArtifactStore.cs")]
    [InlineData(
        @"FileMode\.(Create|CreateNew|Append|OpenOrCreate)|File\.(Create|WriteAll\w+|AppendAll\w+|OpenWrite|Copy|Move)\(", "LocalArtifactStore.cs",
        "TableReader.cs", "DatasetTables.cs", "SpooledFile.cs", "ArchivePacker.cs", "ModelPrograms.cs", "PackageFolders.cs", "ClusterFolder.cs", "ServerLog.cs",
        "NativeLibraries.cs", "OnnxRuntime.cs", "Scratch.cs", "Welcome.cs", "ContainerOwner.cs", "ContainerSandbox.cs", "ImageNames.cs")]
    public void One_process_launcher_archive_reader_path_resolver_and_blob_writer(string what, params string[] gates)
    {
        var around = Sources(Path.Combine(Root(), "src")).Where(f => !gates.Contains(Path.GetFileName(f)) && Regex.IsMatch(File.ReadAllText(f), what));
        Assert.Empty(around.Select(f => Path.GetRelativePath(Root(), f)));
    }

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
