using ModelHub.Tests.Shared;
using Npgsql;

namespace ModelHub.Api.Tests.Models;

/// <summary>A PostgreSQL whose extension pg_trgm cannot be made, be it not installed or not allowed: the hub does without its index.</summary>
public sealed class SearchWithoutTrigramsTests
{
    [Fact]
    public async Task Models_are_found_by_their_names_all_the_same()
    {
        await using var database = await PostgresServer.CreateEmptyAsync();
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        // What the extension would make is there already, so that it fails as it does where it is not allowed; that needs no rights that tests may lack.
        await using (var clash = source.CreateCommand("create function similarity(text, text) returns real language sql as 'select 0::real'"))
            await clash.ExecuteNonQueryAsync();
        var hub = new RunningHub { ConnectionString = database.ConnectionString };
        await hub.InitializeAsync();
        try
        {
            await using (var index = source.CreateCommand("select count(*) from pg_class where relname = 'ix_models_search'"))
                Assert.Equal(0L, await index.ExecuteScalarAsync());
            await Leaderboards.TrainAsync(hub, "regression");
            Assert.Equal(2, await CountAsync("_automl"));
            Assert.Equal(0, await CountAsync("nobody"));
        }
        finally
        {
            await hub.DisposeAsync();
        }

        async Task<int> CountAsync(string text) =>
            (await hub.Client.GetAsync($"/api/models?search={text}").JsonAsync()).GetProperty("total").GetInt32();
    }
}
