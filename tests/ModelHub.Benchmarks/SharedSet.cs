using System.Text.Json;
using ModelHub.Engine.Data;

namespace ModelHub.Benchmarks;

/// <summary>One of the sets of a folder with a manifest and splits.</summary>
internal sealed record SharedSet(string Name, TaskKind Task, CsvSet Data, int RowCount, int[] Train, int[] Test, int[]? Fold)
{
    /// <summary>Those that are asked for by name, or all that are no synthetic ones.</summary>
    public static IEnumerable<SharedSet> All(Arguments args)
    {
        var folder = args.Text("folder");
        var wanted = args.Text("sets", "");
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json")));
        foreach (var entry in manifest.RootElement.EnumerateArray())
        {
            var name = entry.GetProperty("name").GetString()!;
            if (wanted.Length > 0 ? !wanted.Split(',').Contains(name) : name.StartsWith("synth", StringComparison.Ordinal))
                continue;
            var task = Enum.Parse<TaskKind>(entry.GetProperty("task").GetString()!, ignoreCase: true);
            var data = CsvSet.Read(Path.Combine(folder, name + ".csv"), null, entry.GetProperty("target").GetString()!, task, int.MaxValue, out var count);
            using var split = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, name + ".split.json")));
            int[] Numbers(string part) => [.. split.RootElement.GetProperty(part).EnumerateArray().Select(e => e.GetInt32())];
            yield return new SharedSet(
                name, task, data, count, [.. Numbers("train").Order()], [.. Numbers("test").Order()],
                split.RootElement.TryGetProperty("fold", out _) ? Numbers("fold") : null);
        }
    }
}
