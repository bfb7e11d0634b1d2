using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels.Repositories;
using ModelHub.Application.Environments;
using ModelHub.Application.Parquet;
using ModelHub.Application.Sandboxes;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;
using ModelHub.Infrastructure.Artifacts;
using ModelHub.Infrastructure.Containers;
using ModelHub.Infrastructure.Jobs;
using ModelHub.Infrastructure.Natives;
using ModelHub.Infrastructure.Repositories;
using ModelHub.Infrastructure.Natives.Parquet;
using ModelHub.Infrastructure.Sandboxes;
using ModelHub.Infrastructure.Storage;
using Npgsql;

namespace ModelHub.Infrastructure;

public static class ServiceCollectionExtensions
{
    /// <summary>PostgreSQL, the artifact store and the workers.</summary>
    public static IServiceCollection AddModelHubInfrastructure(this IServiceCollection services, InfrastructureOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(provider =>
        {
            var builder = new NpgsqlDataSourceBuilder(options.ConnectionString) { Name = "modelhub" };
            builder.ConnectionStringBuilder.ApplicationName = "modelhub";
            builder.ConnectionStringBuilder.MaxPoolSize = Math.Min(builder.ConnectionStringBuilder.MaxPoolSize, 60);
            builder.ConnectionStringBuilder.Timeout = 5;
            builder.ConnectionStringBuilder.CommandTimeout = 30;
            builder.ConnectionStringBuilder.KeepAlive = 15;
            return builder.Build();
        });
        services.AddDbContext<HubDbContext>((provider, db) => HubDatabase.Configure(db, provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton<LocalArtifactStore>(_ => new LocalArtifactStore(Path.Combine(options.DataFolder, "artifacts")));
        services.AddSingleton<IArtifactStore>(provider => provider.GetRequiredService<LocalArtifactStore>());
        services.AddSingleton<ProcessLauncher>();
        services.AddSingleton<BubblewrapSandbox>();
        services.AddSingleton<ISandbox, SandboxChoice>();
        services.AddSingleton(_ => ContainerOptions.FromEnvironment());
        services.AddSingleton<EngineSocket>();
        services.AddSingleton<ContainerOwner>();
        services.AddSingleton<ContainerSandbox>();
        services.AddHostedService<ContainerSweep>();
        services.AddSingleton(_ => new ImageAddress(ContainerOptions.Registries()));
        services.AddSingleton<ImageNames>();
        services.AddSingleton<ContainerEngine>();
        services.AddSingleton<ImageSweep>();
        services.AddHostedService(provider => provider.GetRequiredService<ImageSweep>());
        services.AddSingleton<IContainerEngine>(provider => provider.GetRequiredService<ContainerEngine>());
        services.AddSingleton(_ => NativeLibraries.Of(options.DataFolder));
        services.AddSingleton<IOnnxRuntime, OnnxRuntime>();
        services.AddSingleton<IRepositoryFetcher, GitFetcher>();
        services.AddSingleton<IParquetFiles, ParquetFiles>();
        services.AddSingleton<HubDatabase>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<NotificationListener>();
        services.AddHostedService(provider => provider.GetRequiredService<NotificationListener>());
        services.AddSingleton<OrphanSweep>();
        if (options.RunsJobs)
        {
            services.AddHostedService<JobWorker>();
            services.AddHostedService(provider => provider.GetRequiredService<OrphanSweep>());
        }
        return services;
    }
}
