using System.Text;

namespace ModelHub.Application.Sandboxes;

/// <summary>The end of what a program wrote; a flood pushes out its own beginning, not the hub's memory. Thread-safe.</summary>
public sealed class BoundedLog
{
    public const int MostCharacters = 1 << 20;
    private const int LongestLine = 16 << 10;
    private readonly Queue<string> _lines = new();
    private readonly Lock _gate = new();
    private long _characters;
    private long _dropped;

    /// <summary>Told of every line as it comes; must be quick.</summary>
    public Action<string>? Written { get; init; }

    public void Add(string line)
    {
        if (line.Length > LongestLine)
            line = string.Concat(line.AsSpan(0, LongestLine), " … (cut)");
        line = line.Replace('\0', '?');
        lock (_gate)
        {
            _lines.Enqueue(line);
            _characters += line.Length + 1;
            while (_characters > MostCharacters)
            {
                _characters -= _lines.Dequeue().Length + 1;
                _dropped++;
            }
        }
        Written?.Invoke(line);
    }

    /// <summary>Copies a program's stream line by line until it ends; a line without end is cut into pieces.</summary>
    public async Task ReadAsync(TextReader from)
    {
        var buffer = new char[8192];
        var line = new StringBuilder();
        int read;
        while ((read = await from.ReadAsync(buffer)) > 0)
        {
            for (var i = 0; i < read; i++)
            {
                var c = buffer[i];
                if (c == '\n' || line.Length >= LongestLine)
                {
                    Add(line.ToString().TrimEnd('\r'));
                    line.Clear();
                }
                if (c != '\n')
                    line.Append(c);
            }
        }
        if (line.Length > 0)
            Add(line.ToString());
    }

    /// <summary>The last lines.</summary>
    public string Tail(int lines)
    {
        lock (_gate)
            return string.Join('\n', _lines.Skip(Math.Max(0, _lines.Count - lines)));
    }

    public override string ToString()
    {
        lock (_gate)
            return (_dropped > 0 ? $"({_dropped} earlier lines dropped)\n" : "") + string.Join('\n', _lines);
    }
}
