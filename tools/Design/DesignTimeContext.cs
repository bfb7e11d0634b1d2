using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using ModelHub.Application.Storage;
using ModelHub.Infrastructure.Storage;
using Npgsql;

namespace Design;

/// <summary>
/// For <c>dotnet ef</c>: a context that is never connected. From the repository's root, after <c>dotnet tool restore</c> and
/// <c>dotnet restore tools/Design</c>:
/// <c>dotnet dotnet-ef migrations add NAME --project src/ModelHub.Infrastructure --startup-project tools/Design -o Migrations</c>
/// </summary>
internal sealed class DesignTimeContext : IDesignTimeDbContextFactory<HubDbContext>
{
    public HubDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<HubDbContext>();
        HubDatabase.Configure(options, NpgsqlDataSource.Create("Host=design-time"));
        return new HubDbContext(options.Options);
    }
}
