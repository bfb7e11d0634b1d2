using System.Diagnostics;

namespace ModelHub.Infrastructure.Postgres;

/// <summary>
/// The file of what the server says, and the one before it: what is refused by a constraint is a line there, and so users write it.
/// A full disk loses lines, not the hub.
/// </summary>
internal sealed class ServerLog(string path) : IDisposable
{
    private const long MostBytes = 16 << 20;
    private readonly Lock _gate = new();
    private StreamWriter _lines = new(path, append: true) { AutoFlush = true };
    private bool _closed;

    public void Write(object sender, DataReceivedEventArgs line)
    {
        lock (_gate)
        {
            try
            {
                if (_closed || line.Data is not { } text)
                    return;
                if (_lines.BaseStream.Length > MostBytes)
                    Turn();
                _lines.WriteLine(text);
            }
            catch (IOException)
            {
                _closed = true;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            try
            {
                _lines.Dispose();
            }
            catch (IOException)
            {
                return; // what could not be written is lost
            }
        }
    }

    private void Turn()
    {
        _lines.Dispose();
        File.Move(path, path + ".1", overwrite: true);
        _lines = new(path, append: false) { AutoFlush = true };
    }
}
