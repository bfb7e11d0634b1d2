using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using ModelHub.Api.Access;
using ModelHub.Api.Bodies;
using ModelHub.Api.Dialects;
using ModelHub.Api.Documentation;
using ModelHub.Api.Errors;
using ModelHub.Api.Retries;
using ModelHub.Application;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Infrastructure;
using Serilog;
using Serilog.Events;

namespace ModelHub.Api.Hosting;

/// <summary>Builds the application: services, pipeline, dialects.</summary>
internal static class HubHost
{
    public static WebApplication Build(HubSettings settings)
    {
        // The content root is the program's folder: settings do not depend on where it was started from.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(settings.Urls.Split(';'));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.LargestBody;
            kestrel.Limits.MaxRequestLineSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.MinRequestBodyDataRate = new(bytesPerSecond: 100, gracePeriod: TimeSpan.FromSeconds(10));
        });
        builder.Services.AddSingleton<Microsoft.AspNetCore.Connections.IMemoryPoolFactory<byte>, ReceiveBlocks>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(30));
        AddLogging(builder, settings);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddModelHubInfrastructure(new InfrastructureOptions
        {
            ConnectionString = settings.ConnectionString!,
            DataFolder = settings.DataFolder,
            RunsJobs = settings.Role is not "api",
        });
        builder.Services.AddModelHubApplication(new ProjectQuota(settings.ProjectBytes), settings.CustomModels);
        AddWeb(builder.Services);
        var app = builder.Build();
        Configure(app, settings);
        return app;
    }

    private static void AddWeb(IServiceCollection services)
    {
        services.AddDialects();
        services.AddSingleton<IProblemDetailsWriter, DialectProblemWriter>(); // before AddProblemDetails: the first writer that can wins
        services.AddProblemDetails();
        services.AddExceptionHandler<HubExceptionHandler>();
        services.AddSingleton<HubExceptionHandler>();
        services.AddAuthentication(ApiKeyHandler.Scheme).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.Scheme, null);
        services.AddAuthorization();
        services.AddSingleton<RateLimits>();
        services.AddControllers(mvc =>
            {
                mvc.Conventions.Add(new DialectConvention());
                mvc.Filters.Add<JsonBodyLimit>();
                mvc.Filters.Add<ValidationFilter>();
                mvc.ReturnHttpNotAcceptable = false;
                mvc.SuppressImplicitRequiredAttributeForNonNullableReferenceTypes = true;
                mvc.AllowEmptyInputInBodyModelBinding = false;
            })
            .AddApplicationPart(typeof(HubHost).Assembly) // the entry assembly is another one when tests start the host
            .ConfigureApiBehaviorOptions(api =>
            {
                api.SuppressModelStateInvalidFilter = true; // ValidationFilter speaks, in the order each dialect wants
                api.SuppressMapClientErrors = true;
                api.SuppressConsumesConstraintForFormFileParameters = true;
            })
            .AddJsonOptions(json =>
            {
                json.JsonSerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
                json.JsonSerializerOptions.DictionaryKeyPolicy = null;
                json.JsonSerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
            });
        foreach (var rules in typeof(HubHost).Assembly.GetTypes().Where(t => !t.IsAbstract))
        {
            if (rules.BaseType is { IsGenericType: true } parent && parent.GetGenericTypeDefinition() == typeof(FluentValidation.AbstractValidator<>))
                services.AddSingleton(typeof(FluentValidation.IValidator<>).MakeGenericType(parent.GetGenericArguments()), rules);
        }
        services.AddHubOpenApi();
    }

    private static void Configure(WebApplication app, HubSettings settings)
    {
        app.UseMiddleware<RefusedBody>();
        if (settings.Role is not "worker")
            app.UseMiddleware<Shortcut>(app.ShortRoutes());
        app.UseMiddleware<RequestLog>();
        app.Use(static (context, next) =>
        {
            context.RequestServices.GetRequiredService<DialectSet>().Of(context.Request.Path).Enter(context);
            return next(context);
        });
        app.UseExceptionHandler(new ExceptionHandlerOptions { SuppressDiagnosticsCallback = _ => true });
        app.UseStatusCodePages(ProblemAnswer.ForBareStatusAsync);
        app.UseMiddleware<BodyLimit>();
        app.UseHubOpenApi();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.Use(static (context, next) =>
        {
            if (context.Features.Get<Caller>() is { } caller)
                context.RequestServices.GetRequiredService<RateLimits>().Admit(caller, context.GetEndpoint());
            return next(context);
        });
        app.UseMiddleware<BodyDigests>();
        app.UseMiddleware<IdempotencyHeader>();
        app.MapHealth();
        if (settings.Role is "worker")
            return;
        app.MapControllers().RequireAuthorization();
        app.MapDialects();
    }

    private static void AddLogging(WebApplicationBuilder builder, HubSettings settings)
    {
        var configuration = new LoggerConfiguration()
            .MinimumLevel.Information()
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            // A command that fails throws, and who catches it says so; a first migration asks for a table that is not there yet.
            .MinimumLevel.Override("Microsoft.EntityFrameworkCore.Database.Command", LogEventLevel.Fatal)
            .MinimumLevel.Override("System", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal) // why it does not start is the last line
            // A duplicate that PostgreSQL refuses is an answer, not an error; real failures are logged where they end.
            .MinimumLevel.Override("Microsoft.EntityFrameworkCore", LogEventLevel.Fatal)
            .MinimumLevel.Override("Microsoft.AspNetCore.DataProtection", LogEventLevel.Error) // comes with authentication; nothing uses it
            .Enrich.FromLogContext()
            .Filter.With(new LogFlood(TimeProvider.System))
            .ReadFrom.Configuration(builder.Configuration);
        configuration = settings.JsonLog
            ? configuration.WriteTo.Console(new Serilog.Formatting.Json.JsonFormatter(renderMessage: true))
            : configuration.WriteTo.Console(
                formatProvider: System.Globalization.CultureInfo.InvariantCulture,
                outputTemplate: "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj} {TraceId} {LeftOut}{NewLine}{Exception}");
        builder.Logging.ClearProviders();
        builder.Logging.AddSerilog(configuration.CreateLogger(), dispose: true);
    }
}
