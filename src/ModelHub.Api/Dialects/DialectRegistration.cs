using Microsoft.AspNetCore.Mvc.ApplicationModels;
using ModelHub.Api.Dialects.AutoMl;
using ModelHub.Api.Dialects.CustomModels;
using ModelHub.Api.Dialects.Hub;
using ModelHub.Api.Dialects.OpenInference;
using ModelHub.Api.Dialects.Predictions;
using ModelHub.Api.Dialects.Registry;
using ModelHub.Api.Hosting;
using ModelHub.Application.Batches;

namespace ModelHub.Api.Dialects;

internal static class DialectRegistration
{
    /// <summary>In the order in which they are asked for a path; the hub's own last.</summary>
    public static void AddDialects(this IServiceCollection services)
    {
        services.AddSingleton<AutoMlDialect>();
        services.AddSingleton<Dialect>(s => s.GetRequiredService<AutoMlDialect>());
        services.AddSingleton<Dialect, CustomModelsDialect>();
        services.AddSingleton<Dialect, PredictionsDialect>();
        services.AddSingleton<Dialect, RegistryDialect>();
        services.AddSingleton<Dialect, OpenInferenceDialect>();
        services.AddSingleton<Dialect, HubDialect>();
        services.AddSingleton<DialectSet>();
        services.AddSingleton<PredictionEndpoints>();
        services.AddSingleton<PredictEndpoint>();
        services.AddSingleton<IBatchWriters, BatchFormats>();
    }

    /// <summary>Routes that are answered before the pipeline.</summary>
    public static IEnumerable<ShortRoute> ShortRoutes(this WebApplication app) => PredictionEndpoints.Short(app.Services).Append(PredictEndpoint.Short(app.Services));

    /// <summary>Endpoints that are no controllers.</summary>
    public static void MapDialects(this WebApplication app)
    {
        PredictionEndpoints.Map(app);
        PredictEndpoint.Map(app);
        BatchEndpoint.Map(app);
    }
}

/// <summary>Puts each controller into the OpenAPI document of the dialect whose folder it lies in.</summary>
internal sealed class DialectConvention : IControllerModelConvention
{
    public void Apply(ControllerModel controller) => controller.ApiExplorer.GroupName = controller.ControllerType.Namespace!.Split('.')[3];
}
