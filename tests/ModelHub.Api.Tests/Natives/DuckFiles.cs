using System.Runtime.InteropServices;
using ModelHub.Infrastructure.Natives;
using ModelHub.Infrastructure.Natives.Parquet;

namespace ModelHub.Api.Tests.Natives;

/// <summary>Parquet files as DuckDB writes them, from a query.</summary>
internal static unsafe class DuckFiles
{
    private static readonly Lazy<(DuckApi Api, nint Connection)> Opened = new(() =>
    {
        var api = new DuckApi(NativeLibraries.Of("").DuckDb!);
        nint database, connection;
        Assert.Equal(0, ((delegate* unmanaged<byte*, nint*, int>)api["duckdb_open"])(null, &database));
        Assert.Equal(0, ((delegate* unmanaged<nint, nint*, int>)api["duckdb_connect"])(database, &connection));
        return (api, connection);
    });

    public static byte[] Parquet(string query, string options = "")
    {
        var path = Path.Combine(Path.GetTempPath(), $"modelhub-test-{Guid.NewGuid():N}.parquet");
        try
        {
            Run($"COPY ({query}) TO '{path}' (FORMAT parquet{options})");
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Run(string sql)
    {
        lock (Opened)
        {
            DuckResult result;
            var (api, connection) = Opened.Value;
            fixed (byte* text = OnnxApi.Utf8(sql))
            {
                var state = ((delegate* unmanaged<nint, byte*, DuckResult*, int>)api["duckdb_query"])(connection, text, &result);
                Assert.True(state == 0, Marshal.PtrToStringUTF8(((delegate* unmanaged<DuckResult*, nint>)api["duckdb_result_error"])(&result)));
            }
            ((delegate* unmanaged<DuckResult*, void>)api["duckdb_destroy_result"])(&result);
        }
    }
}
