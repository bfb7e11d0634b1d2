using System.Globalization;

namespace ModelHub.Benchmarks;

/// <summary>Options of the form --name value; --json stands alone.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Arguments(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i].StartsWith("--", StringComparison.Ordinal) && i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal))
                _values[args[i][2..]] = args[++i];
            else if (args[i].StartsWith("--", StringComparison.Ordinal))
                _values[args[i][2..]] = "";
            else
                throw new ArgumentException($"'{args[i]}' is not an option.");
        }
    }

    public string Text(string name) => _values.TryGetValue(name, out var value) ? value : throw new ArgumentException($"--{name} is missing.");

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    public bool Has(string name) => _values.ContainsKey(name);

    public int Number(string name, int otherwise) => Has(name) ? int.Parse(Text(name), CultureInfo.InvariantCulture) : otherwise;

    public double Real(string name, double otherwise) => Has(name) ? double.Parse(Text(name), CultureInfo.InvariantCulture) : otherwise;
}
