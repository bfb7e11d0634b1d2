using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>DuckDB refused or failed.</summary>
internal sealed class DuckException(string message) : Exception(message);

/// <summary>The functions of DuckDB's C API that reading a file takes, by name.</summary>
internal sealed unsafe class DuckApi(string path)
{
    private readonly nint _library = NativeLibrary.Load(path);

    public nint this[string function] => NativeLibrary.GetExport(_library, function);
}

/// <summary>duckdb_result, which goes by value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DuckResult
{
    private Fields _fields;

    [InlineArray(6)]
    private struct Fields
    {
        private nint _first;
    }
}

/// <summary>One database in memory with one connection: locked to one file, bounded in memory and threads.</summary>
internal sealed unsafe class DuckSession
{
    private readonly DuckApi _api;
    private readonly nint _connection;

    /// <exception cref="DuckException">The library refuses a setting.</exception>
    public DuckSession(DuckApi api, string file, int threads, long memoryBytes)
    {
        _api = api;
        nint config, database, connection, error;
        Check(((delegate* unmanaged<nint*, int>)api["duckdb_create_config"])(&config));
        Set(config, "threads", threads.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Set(config, "memory_limit", $"{memoryBytes >> 20}MiB");
        Set(config, "autoinstall_known_extensions", "false");
        Set(config, "autoload_known_extensions", "false");
        Set(config, "temp_directory", "");
        fixed (byte* memory = ":memory:\0"u8)
        {
            if (((delegate* unmanaged<byte*, nint*, nint, nint*, int>)api["duckdb_open_ext"])(memory, &database, config, &error) != 0)
                throw new DuckException(Marshal.PtrToStringUTF8(error) ?? "DuckDB does not open.");
        }
        Check(((delegate* unmanaged<nint, nint*, int>)api["duckdb_connect"])(database, &connection));
        _connection = connection;
        // Rows in order come as fast as all threads read row groups ahead; by default they wait for one another after a megabyte.
        Run("SET streaming_buffer_size='128MiB'");
        // From here on it can open this file and no other, and no query can change that.
        Run($"SET allowed_paths=[{Quoted(file)}]");
        Run("SET enable_external_access=false");
        Run("SET lock_configuration=true");
    }

    public static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Names and types (numbers of duckdb_type) that a query would give.</summary>
    public (string Name, int Type)[] Describe(string sql)
    {
        var statement = Prepare(sql);
        var count = ((delegate* unmanaged<nint, ulong>)_api["duckdb_prepared_statement_column_count"])(statement);
        var columns = new (string, int)[count];
        for (ulong c = 0; c < count; c++)
        {
            var name = ((delegate* unmanaged<nint, ulong, nint>)_api["duckdb_prepared_statement_column_name"])(statement, c);
            var type = ((delegate* unmanaged<nint, ulong, int>)_api["duckdb_prepared_statement_column_type"])(statement, c);
            columns[c] = (Marshal.PtrToStringUTF8(name) ?? "", type);
        }
        ((delegate* unmanaged<nint*, void>)_api["duckdb_destroy_prepare"])(&statement);
        return columns;
    }

    /// <summary>Runs a query whose rows come while it runs; each chunk of at most 2,048 rows is good until the next.</summary>
    public void Stream(string sql, Action<DuckChunk> take)
    {
        var statement = Prepare(sql);
        DuckResult result;
        if (((delegate* unmanaged<nint, DuckResult*, int>)_api["duckdb_execute_prepared_streaming"])(statement, &result) != 0)
            throw Failure(&result);
        var fetch = (delegate* unmanaged<DuckResult, nint>)_api["duckdb_fetch_chunk"];
        var free = (delegate* unmanaged<nint*, void>)_api["duckdb_destroy_data_chunk"];
        var reader = new DuckChunk(_api);
        while (fetch(result) is var chunk && chunk != 0)
        {
            reader.Open(chunk);
            if (reader.Rows > 0)
                take(reader);
            free(&chunk);
        }
        if (((delegate* unmanaged<DuckResult*, nint>)_api["duckdb_result_error"])(&result) != 0)
            throw Failure(&result);
        ((delegate* unmanaged<DuckResult*, void>)_api["duckdb_destroy_result"])(&result);
        ((delegate* unmanaged<nint*, void>)_api["duckdb_destroy_prepare"])(&statement);
    }

    private void Run(string sql)
    {
        DuckResult result;
        fixed (byte* text = OnnxApi.Utf8(sql))
        {
            if (((delegate* unmanaged<nint, byte*, DuckResult*, int>)_api["duckdb_query"])(_connection, text, &result) != 0)
                throw Failure(&result);
        }
        ((delegate* unmanaged<DuckResult*, void>)_api["duckdb_destroy_result"])(&result);
    }

    private nint Prepare(string sql)
    {
        nint statement;
        fixed (byte* text = OnnxApi.Utf8(sql))
        {
            if (((delegate* unmanaged<nint, byte*, nint*, int>)_api["duckdb_prepare"])(_connection, text, &statement) == 0)
                return statement;
        }
        throw new DuckException(Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)_api["duckdb_prepare_error"])(statement)) ?? "DuckDB refuses.");
    }

    private DuckException Failure(DuckResult* result) =>
        new(Marshal.PtrToStringUTF8(((delegate* unmanaged<DuckResult*, nint>)_api["duckdb_result_error"])(result)) ?? "DuckDB failed.");

    private void Set(nint config, string name, string value)
    {
        fixed (byte* key = OnnxApi.Utf8(name), text = OnnxApi.Utf8(value))
            Check(((delegate* unmanaged<nint, byte*, byte*, int>)_api["duckdb_set_config"])(config, key, text));
    }

    private static void Check(int state)
    {
        if (state != 0)
            throw new DuckException("DuckDB refuses its settings.");
    }
}

/// <summary>Some rows, by column.</summary>
internal sealed unsafe class DuckChunk(DuckApi api)
{
    private readonly delegate* unmanaged<nint, ulong, nint> _vector = (delegate* unmanaged<nint, ulong, nint>)api["duckdb_data_chunk_get_vector"];
    private readonly delegate* unmanaged<nint, void*> _data = (delegate* unmanaged<nint, void*>)api["duckdb_vector_get_data"];
    private readonly delegate* unmanaged<nint, ulong*> _validity = (delegate* unmanaged<nint, ulong*>)api["duckdb_vector_get_validity"];
    private readonly delegate* unmanaged<nint, ulong> _size = (delegate* unmanaged<nint, ulong>)api["duckdb_data_chunk_get_size"];
    private nint _chunk;

    public int Rows { get; private set; }

    public void Open(nint chunk)
    {
        _chunk = chunk;
        Rows = (int)_size(chunk);
    }

    /// <summary>The cells of a column and a bit per row that tells which are there; null when all are.</summary>
    public (nint Data, nint Validity) Column(int column)
    {
        var vector = _vector(_chunk, (ulong)column);
        return ((nint)_data(vector), (nint)_validity(vector));
    }
}
