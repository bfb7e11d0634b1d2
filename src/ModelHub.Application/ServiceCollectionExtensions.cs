using Microsoft.Extensions.DependencyInjection;
using ModelHub.Application.Collections;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Packages;
using ModelHub.Application.CustomModels.Repositories;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.CustomModels.Templates;
using ModelHub.Application.Datasets;
using ModelHub.Application.Deployments;
using ModelHub.Application.Environments;
using ModelHub.Application.Experiments;
using ModelHub.Application.Explanations;
using ModelHub.Application.Identity;
using ModelHub.Application.Jobs;
using ModelHub.Application.Models;
using ModelHub.Application.Monitoring;
using ModelHub.Application.Projects;
using ModelHub.Application.Registry;
using ModelHub.Application.Serving;
using ModelHub.Application.WhatIf;
using ModelHub.Application.Tensors;

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
        services.AddScoped<DatasetTables>();
        services.AddScoped<DatasetService>();
        services.AddScoped<ExperimentService>();
        services.AddScoped<IJobHandler, TrainHandler>();
        services.AddScoped<IJobHandler, AssistHandler>();
        services.AddScoped<ModelService>();
        services.AddScoped<ExplanationService>();
        services.AddScoped<CollectionService>();
        services.AddSingleton<IModelSource, TrainedModelSource>();
        services.AddSingleton<ModelPrograms>();
        services.AddScoped<TestService>();
        services.AddScoped<IJobHandler, TestHandler>();
        services.AddSingleton<IModelSource, CustomModelSource>();
        services.AddSingleton<IModelSource, ModelFileSource>();
        services.AddSingleton<ModelCache>();
        services.AddSingleton<DeploymentCache>();
        services.AddSingleton<DeploymentGate>();
        services.AddSingleton<ServingNodes>();
        services.AddHostedService(provider => provider.GetRequiredService<ServingNodes>());
        services.AddScoped<DeploymentCommits>();
        services.AddScoped<DeploymentService>();
        services.AddSingleton<BaselineCache>();
        services.AddScoped<IJobHandler, BaselineHandler>();
        services.AddSingleton<WindowWriter>();
        services.AddSingleton<PredictionLog>();
        services.AddHostedService(provider => provider.GetRequiredService<PredictionLog>());
        services.AddSingleton<ShadowScoring>();
        services.AddHostedService(provider => provider.GetRequiredService<ShadowScoring>());
        services.AddSingleton<DeploymentScoring>();
        services.AddScoped<MonitoringService>();
        services.AddSingleton<MembershipCache>();
        services.AddSingleton<PredictionService>();
        services.AddSingleton<WhatIfService>();
        services.AddScoped<HomeProject>();
        services.AddScoped<CustomModelAccess>();
        services.AddScoped<CustomModelViews>();
        services.AddScoped<CustomModelService>();
        services.AddScoped<EnvironmentService>();
        services.AddScoped<EnvironmentVersions>();
        services.AddScoped<CustomModelWork>();
        services.AddScoped<TrainingDataChoice>();
        services.AddScoped<VersionParts>();
        services.AddScoped<VersionService>();
        services.AddScoped<VersionDownload>();
        services.AddScoped<CopyService>();
        services.AddScoped<CatalogService>();
        services.AddScoped<TensorService>();
        services.AddScoped<WorkspaceService>();
        services.AddScoped<PackageService>();
        services.AddScoped<RepositoryService>();
        services.AddScoped<TemplateService>();
        services.AddSingleton<ModelFiles>();
        services.AddScoped<UploadService>();
        services.AddScoped<RegistryService>();
        services.AddScoped<IJobHandler, ConversionHandler>();
        return services;
    }
}
