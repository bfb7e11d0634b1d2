using System.Globalization;
using System.Text;
using ModelHub.Engine.Data;

namespace ModelHub.Benchmarks;

/// <summary>
/// A CSV file as a training set in the plainest way: columns of numbers are numbers, all others are categories coded in sorted order.
/// Classes are the labels in sorted order.
/// </summary>
internal sealed class CsvSet
{
    public required TrainingSet Set { get; init; }

    public required string[] Names { get; init; }

    /// <summary>Reads a file, and with it the rows of a test file behind its own, so that both share codes.</summary>
    public static CsvSet Read(string path, string? test, string target, TaskKind task, int limit, out int trainRows)
    {
        var columns = new List<Building>();
        ReadFile(path, columns, limit);
        trainRows = columns[0].Count;
        if (test is not null)
            ReadFile(test, columns, int.MaxValue);
        var label = columns.Find(c => c.Name == target)
            ?? throw new ArgumentException($"There is no column '{target}' in {path}; there are {string.Join(", ", columns.Select(c => c.Name))}.");
        var features = columns.Where(c => c != label).ToList();
        var classes = task == TaskKind.Regression ? 0 : label.SortedLevels().Length;
        var labels = task == TaskKind.Regression ? label.Numbers.ConvertAll(v => (double)v).ToArray() : label.Classes();
        var matrix = new FeatureMatrix(
            [.. features.Select(f => new Feature(f.Name, f.Name, f.IsNumber ? 0 : Math.Max(1, f.SortedLevels().Length)))],
            [.. features.Select(f => f.IsNumber ? f.Numbers.ToArray() : f.Codes())], labels.Length);
        return new CsvSet { Set = new TrainingSet(matrix, labels, task, classes), Names = [.. features.Select(f => f.Name)] };
    }

    private static void ReadFile(string path, List<Building> columns, int limit)
    {
        using var reader = new StreamReader(path, Encoding.UTF8, true, 1 << 20);
        var cells = new List<string>();
        Split(reader.ReadLine() ?? throw new InvalidDataException("The file is empty."), cells);
        if (columns.Count == 0)
            columns.AddRange(cells.Select(name => new Building(name)));
        var rows = 0;
        while (rows < limit && reader.ReadLine() is { } line)
        {
            Split(line, cells);
            for (var c = 0; c < columns.Count; c++)
                columns[c].Add(cells[c]);
            rows++;
        }
    }

    private static void Split(string line, List<string> cells)
    {
        cells.Clear();
        if (!line.Contains('"'))
        {
            cells.AddRange(line.Split(','));
            return;
        }
        var cell = new StringBuilder();
        var quoted = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                cell.Append(line[i++]);
            else if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == ',' && !quoted)
                Flush();
            else
                cell.Append(line[i]);
        }
        Flush();
        void Flush()
        {
            cells.Add(cell.ToString());
            cell.Clear();
        }
    }

    private sealed class Building(string name)
    {
        private readonly Dictionary<string, int> _codes = new(StringComparer.Ordinal);
        private readonly List<int> _texts = [];
        private string[]? _sorted;

        public string Name { get; } = name;

        public List<float> Numbers { get; } = [];

        public bool IsNumber { get; private set; } = true;

        public int Count => Math.Max(_texts.Count, Numbers.Count);

        public void Add(string cell)
        {
            var missing = cell.Length == 0 || cell is "NA" or "nan" or "NaN";
            var number = float.NaN;
            if (IsNumber && !missing && !float.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out number))
            {
                IsNumber = false;
                // What was read as a number so far becomes text as it prints.
                foreach (var value in Numbers)
                    _texts.Add(float.IsNaN(value) ? -1 : Code(value.ToString(CultureInfo.InvariantCulture)));
            }
            if (IsNumber)
                Numbers.Add(number);
            else
                _texts.Add(missing ? -1 : Code(cell));
        }

        public string[] SortedLevels()
        {
            if (_sorted is not null)
                return _sorted;
            if (IsNumber)
                return _sorted = [.. Numbers.Distinct().Order().Select(v => v.ToString(CultureInfo.InvariantCulture))];
            return _sorted = [.. _codes.Keys.Order(StringComparer.Ordinal)];
        }

        public double[] Classes()
        {
            if (!IsNumber)
                return Array.ConvertAll(Codes(), c => (double)c);
            var order = Numbers.Distinct().Order().ToArray();
            return [.. Numbers.Select(v => (double)Array.BinarySearch(order, v))];
        }

        public float[] Codes()
        {
            var place = new int[_codes.Count];
            var sorted = SortedLevels();
            for (var i = 0; i < sorted.Length; i++)
                place[_codes[sorted[i]]] = i;
            return [.. _texts.Select(t => t < 0 ? float.NaN : place[t])];
        }

        private int Code(string text)
        {
            if (!_codes.TryGetValue(text, out var code))
                _codes.Add(text, code = _codes.Count);
            return code;
        }
    }
}
