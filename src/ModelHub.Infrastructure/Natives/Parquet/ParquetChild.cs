using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
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
            if (input.ReadByte() >= 0)
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
        var sent = 0L;
        var uses = new byte[columns.Length];
        input.ReadExactly(uses);
        var sending = columns.Select((c, at) => new Sending(at, c, uses[at] == (byte)ColumnUse.Feature)).Where(c => uses[c.At] != (byte)ColumnUse.None).ToArray();
        var names = string.Join(',', columns.Select((_, c) => $"c{c}"));
        var wanted = sending.Length == 0 ? "1::TINYINT" : string.Join(',', sending.Select(c => Cast(c.At, c.Column.Type, found[c.At].Type)));
        session.Stream($"SELECT {wanted} FROM {source} AS t({names})", chunk =>
        {
            var most = ParquetFrames.RowsFor(columns.Length);
            for (var from = 0; from < chunk.Rows; from += most)
                WriteRows(chunk, sending, from, Math.Min(most, chunk.Rows - from), output);
            sent += chunk.Rows;
        });
        if (sent != rows)
            throw new DuckException($"it says that it holds {rows} rows, {sent} can be read.");
        output.Write([ParquetFrames.End]);
    }

    /// <summary>A column that is sent.</summary>
    private readonly record struct Sending(int At, TypedColumn Column, bool AsFeature);

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
        24 or 25 or 26 or 28 or 33 => throw new DuckException($"the column '{Short(name)}' holds lists or structures; only flat columns are read."),
        18 => throw new DuckException($"the column '{Short(name)}' holds bytes that are no text."),
        _ => throw new DuckException($"the column '{Short(name)}' is of a type that is not read."),
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

    private static unsafe void WriteRows(DuckChunk chunk, Sending[] columns, int from, int rows, FileStream output)
    {
        output.Write([ParquetFrames.Rows, .. BitConverter.GetBytes(rows)]);
        for (var c = 0; c < columns.Length; c++)
        {
            var (data, validity) = chunk.Column(c);
            if (columns[c].AsFeature)
            {
                WriteFeatures((byte*)data + (long)from * columns[c].Column.Width, columns[c].Column.Type, (ulong*)validity + (validity == 0 ? 0 : from / 64), rows, output);
                continue;
            }
            output.Write([validity == 0 ? (byte)0 : (byte)1]);
            if (validity != 0)
                output.Write(new ReadOnlySpan<byte>((byte*)validity + from / 8, (rows + 63) / 64 * 8));
            if (columns[c].Column.Type == CellType.Text)
                WriteTexts((byte*)data + from * 16L, (ulong*)validity + (validity == 0 ? 0 : from / 64), rows, output);
            else
                output.Write(new ReadOnlySpan<byte>((byte*)data + (long)from * columns[c].Column.Width, rows * columns[c].Column.Width));
        }
    }

    /// <summary>Numbers as a model takes them: as <see cref="BatchColumn.Number(int)"/> has them, in single precision.</summary>
    private static unsafe void WriteFeatures(byte* cells, CellType type, ulong* validity, int rows, FileStream output)
    {
        var features = new float[rows];
        for (var r = 0; r < rows; r++)
        {
            var value = validity is not null && (validity[r >> 6] >> (r & 63) & 1) == 0 ? double.NaN : BatchColumn.Number(type, cells, r);
            features[r] = double.IsInfinity(value) ? float.NaN : (float)value;
        }
        output.Write(MemoryMarshal.AsBytes(features.AsSpan()));
    }

    /// <summary>Texts of at most 12 bytes lie where they are named, others behind a pointer.</summary>
    private static unsafe void WriteTexts(byte* cells, ulong* validity, int rows, FileStream output)
    {
        var lengths = new int[rows];
        var all = 0L;
        for (var r = 0; r < rows; r++)
        {
            lengths[r] = validity is null || (validity[r >> 6] >> (r & 63) & 1) != 0 ? *(int*)(cells + r * 16L) : 0;
            all += lengths[r];
        }
        if (all > int.MaxValue / 4)
            throw new DuckException("its texts are too long.");
        var bytes = new byte[rows * 4 + (int)all];
        Buffer.BlockCopy(lengths, 0, bytes, 0, rows * 4);
        var to = rows * 4;
        for (var r = 0; r < rows; r++)
        {
            var cell = cells + r * 16L;
            new ReadOnlySpan<byte>(lengths[r] <= 12 ? cell + 4 : *(byte**)(cell + 8), lengths[r]).CopyTo(bytes.AsSpan(to));
            to += lengths[r];
        }
        output.Write(bytes);
    }

    private static string Short(string name) => name.Length <= 80 ? name : name[..77] + "...";

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong[] limit);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int file, int command, int value);
}
