using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using ModelHub.Application.Datasets.Formats;
using ModelHub.Application.Parquet;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// The process that reads one Parquet file: DuckDB, locked to that file, with memory and threads bounded, and the rows on standard output.
/// See <see cref="ParquetFrames"/>.
/// </summary>
public static partial class ParquetChild
{
    /// <summary>The program's hidden verb: read-parquet LIBRARY FILE THREADS MEMORY.</summary>
    public const string Verb = "read-parquet";

    private const int DataLimit = 2;
    private const int CoreLimit = 4;
    private const int PipeBytes = 1 << 20;

    public static int Run(string library, string file, int threads, long memory)
    {
        // Beyond DuckDB's own accounting: allocations fail, whatever makes them. The runtime itself takes a part.
        _ = SetLimit(DataLimit, [(ulong)memory * 2 + (512UL << 20), (ulong)memory * 2 + (512UL << 20)]);
        _ = SetLimit(CoreLimit, [0, 0]);
        _ = Control(1, 1031, PipeBytes);
        using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, 0);
        using var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, 0);
        try
        {
            var session = new DuckSession(new DuckApi(library), file, threads, memory);
            Send(session, file, input, output);
        }
        catch (DuckException refused)
        {
            var text = Encoding.UTF8.GetBytes(refused.Message.Length <= 2000 ? refused.Message : refused.Message[..2000]);
            output.Write([ParquetFrames.Refusal, .. BitConverter.GetBytes(text.Length), .. text]);
        }
        catch (IOException)
        {
            // Nobody reads any more.
        }
        return 0;
    }

    private static void Send(DuckSession session, string file, FileStream input, FileStream output)
    {
        var source = $"read_parquet({DuckSession.Quoted(file)}, binary_as_string=true, hive_partitioning=false)";
        var found = session.Describe($"SELECT * FROM {source}");
        var columns = found.Select(c => new TypedColumn(c.Name, TypeOf(c.Name, c.Type))).ToArray();
        var rows = -1L;
        session.Stream(
            $"SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata({DuckSession.Quoted(file)})",
            chunk => rows = Marshal.ReadInt64(chunk.Column(0).Data));
        WriteHead(columns, rows, output);
        var (wanted, size, path) = ReadChoices(columns.Length, input);
        using var memory = SharedSlots.Open(path, size);
        int[] sent = [.. Enumerable.Range(0, columns.Length).Where(c => wanted.Cells[c] || wanted.Features[c] >= 0)];
        var names = string.Join(',', columns.Select((_, c) => $"c{c}"));
        var query = sent.Length == 0 ? "1::TINYINT" : string.Join(',', sent.Select(c => Cast(c, columns[c].Type, found[c].Type)));
        var slots = new SlotWriter(columns, wanted, sent, memory, input, output);
        session.Stream($"SELECT {query} FROM {source} AS t({names})", slots.Take);
        if (slots.Sent != rows)
            throw new DuckException($"it says that it holds {rows} rows, {slots.Sent} can be read.");
        slots.End();
        output.Write([ParquetFrames.End]);
    }

    private static (ColumnChoices Wanted, long Size, string Path) ReadChoices(int columns, FileStream input)
    {
        using var reader = new BinaryReader(input, Encoding.UTF8, leaveOpen: true);
        var (cells, features) = (new bool[columns], new int[columns]);
        for (var c = 0; c < columns; c++)
            (cells[c], features[c]) = (reader.ReadByte() != 0, reader.ReadInt32());
        var wanted = new ColumnChoices(cells, features, reader.ReadInt32());
        return (wanted, reader.ReadInt64(), Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32())));
    }

    /// <summary>The type as which a column is sent; see duckdb_type.</summary>
    private static CellType TypeOf(string name, int type) => type switch
    {
        1 => CellType.Truth,
        >= 2 and <= 8 => CellType.Whole,
        10 => CellType.Single,
        9 or 11 or 16 or 19 or 32 => CellType.Double,
        13 => CellType.Day,
        12 or 20 or 21 or 22 or 31 => CellType.Moment,
        14 or 15 or 17 or 23 or 27 or 29 or 30 => CellType.Text,
        24 or 25 or 26 or 28 or 33 => throw new DuckException(ParquetSchema.NotFlat(name)),
        18 => throw new DuckException($"the column '{DatasetFormatException.Shortened(name)}' holds bytes that are no text."),
        _ => throw new DuckException($"the column '{DatasetFormatException.Shortened(name)}' is of a type that is not read."),
    };

    private static string Cast(int column, CellType type, int from) => (type, from) switch
    {
        (CellType.Whole, not 5) => $"c{column}::BIGINT",
        (CellType.Double, not 11) => $"c{column}::DOUBLE",
        (CellType.Moment, not (12 or 31)) => $"c{column}::TIMESTAMP",
        (CellType.Text, not 17) => $"c{column}::VARCHAR",
        _ => $"c{column}",
    };

    private static void WriteHead(TypedColumn[] columns, long rows, FileStream output)
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        writer.Write(ParquetFrames.Head);
        writer.Write(rows);
        writer.Write(columns.Length);
        foreach (var column in columns)
        {
            writer.Write((byte)column.Type);
            var name = Encoding.UTF8.GetBytes(column.Name);
            writer.Write(name.Length);
            writer.Write(name);
        }
        writer.Flush();
        output.Write(memory.GetBuffer().AsSpan(0, (int)memory.Length));
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong[] limit);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int file, int command, int value);
}
