using Microsoft.OpenApi;
using ModelHub.Api.Dialects;
using Swashbuckle.AspNetCore.Swagger;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace ModelHub.Api.Documentation;

/// <summary>One OpenAPI 3.1 document per dialect, and Swagger UI over all of them.</summary>
internal static class OpenApi
{
    public static void AddHubOpenApi(this IServiceCollection services)
    {
        services.AddEndpointsApiExplorer();
        services.Configure<SwaggerOptions>(o => o.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1);
        services.AddSwaggerGen();
        services.AddOptions<SwaggerGenOptions>().Configure<DialectSet>((swagger, dialects) =>
        {
            foreach (var dialect in dialects.All)
                swagger.SwaggerDoc(dialect.Name, new OpenApiInfo { Title = dialect.Title, Version = "v1" });
            swagger.DocInclusionPredicate((document, action) =>
                dialects.All.Any(d => d.Name == document && d.Folder == action.GroupName));
            swagger.TagActionsBy(action => [action.ActionDescriptor.RouteValues["controller"] ?? "hub"]);
            swagger.CustomOperationIds(action =>
                action.ActionDescriptor.EndpointMetadata.OfType<IEndpointNameMetadata>().LastOrDefault()?.EndpointName
                ?? $"{action.ActionDescriptor.RouteValues["controller"]}_{action.ActionDescriptor.RouteValues["action"]}");
            swagger.OperationFilter<Refusals>(dialects);
            swagger.DocumentFilter<EndingSlashes>(dialects);
            swagger.DocumentFilter<DistinctOperationIds>();
            swagger.DocumentFilter<Examples>();
            swagger.SupportNonNullableReferenceTypes();
            swagger.IncludeXmlComments(Path.Combine(AppContext.BaseDirectory, "modelhub.xml"));
            swagger.AddSecurityDefinition("key", new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key." });
            swagger.AddSecurityRequirement(document => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [] });
        });
    }

    public static void UseHubOpenApi(this WebApplication app)
    {
        app.UseSwagger();
        app.UseSwaggerUI(ui =>
        {
            foreach (var dialect in app.Services.GetRequiredService<DialectSet>().All.Reverse())
                ui.SwaggerEndpoint($"/swagger/{dialect.Name}/swagger.json", dialect.Title);
            ui.DocumentTitle = "ModelHub";
            ui.EnablePersistAuthorization();
        });
    }
}
