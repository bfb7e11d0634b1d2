using ModelHub.Tests.Shared;
using Npgsql;

namespace ModelHub.Application.Tests.Postgres;

public sealed class PostgresServerTests(HubDatabaseFixture fixture) : IClassFixture<HubDatabaseFixture>
{
    [Fact]
    public async Task Each_database_is_fresh_and_has_the_schema()
    {
        await using var other = await PostgresServer.CreateAsync();
        await ExecuteAsync(other.ConnectionString, "create table mine (x int)");
        Assert.Equal(1L, await CountAsync(other.ConnectionString, "mine"));
        Assert.Equal(0L, await CountAsync(fixture.ConnectionString, "mine"));
        Assert.Equal(1L, await CountAsync(fixture.ConnectionString, "jobs"));
    }

    [Fact]
    public async Task An_empty_database_has_no_table()
    {
        await using var empty = await PostgresServer.CreateEmptyAsync();
        Assert.Equal(0L, await CountAsync(empty.ConnectionString, "jobs"));
    }

    private static async Task<long> CountAsync(string database, string table)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("select count(*) from pg_tables where schemaname = 'public' and tablename = $1");
        command.Parameters.AddWithValue(table);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
