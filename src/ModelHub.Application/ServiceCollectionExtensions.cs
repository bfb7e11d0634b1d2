using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Projects;

namespace ModelHub.Application;

public static class ServiceCollectionExtensions
{
    /// <summary>The use cases. What they run on (database, stores, workers) is the infrastructure's to add.</summary>
    public static IServiceCollection AddModelHubApplication(this IServiceCollection services)
    {
        services.AddSingleton<ChangeFeed>();
        services.AddSingleton<KeyCache>();
        services.AddScoped<IdentityService>();
        services.AddScoped<ProjectAccess>();
        services.AddScoped<ProjectService>();
        services.AddScoped<JobService>();
        services.AddScoped<ArtifactRows>();
        return services;
    }
}
