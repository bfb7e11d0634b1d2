using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Dialects.CustomModels.Wire;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>DataRobot's API v2: camelCase, trailing slashes, 24-digit ids, <c>{"message"}</c> for errors.</summary>
internal sealed class CustomModelsDialect : Dialect
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public override string Name => "custom-models";

    public override string Title => "Custom models (API v2)";

    public override string Folder => "CustomModels";

    public override bool Owns(PathString path) => path.StartsWithSegments("/api/v2", StringComparison.OrdinalIgnoreCase);

    public override string FieldName(string property) => string.Join('.', property.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));

    public override string LinkToDeployment(Guid id) => $"/api/v2/deployments/{HubId.ToHex(id)}/";

    public override void Enter(HttpContext context)
    {
        var request = context.Request;
        if (request.Path.Value!.Contains("//", StringComparison.Ordinal))
            request.Path = request.Path.Value.Replace("//", "/", StringComparison.Ordinal); // clients that join a base with a trailing slash

        // A body without a type is JSON here, and no body at all is none.
        if (string.IsNullOrEmpty(request.ContentType) && !HttpMethods.IsGet(request.Method))
            request.ContentType = "application/json";
        context.Response.OnStarting(
            static state =>
            {
                // Clients compare the type as a whole.
                var response = (HttpResponse)state;
                if (response.ContentType?.StartsWith("application/json;", StringComparison.OrdinalIgnoreCase) == true)
                    response.ContentType = "application/json";
                return Task.CompletedTask;
            },
            context.Response);
    }

    public override bool EndsPathsWithSlash => true;

    public override Type RefusalBody => typeof(RefusalWire);

    public override Task WriteProblemAsync(HttpContext context, ProblemDetails problem)
    {
        var body = new Dictionary<string, object?> { ["message"] = problem.Detail };
        if (problem.Extensions.TryGetValue("errors", out var errors))
            body["errors"] = errors;
        if (problem.Extensions.TryGetValue("errorName", out var name))
            body["errorName"] = name;
        var fields = errors as IReadOnlyDictionary<string, string>;
        switch (problem.Extensions.TryGetValue("code", out var code) ? code as string : null)
        {
            case "invalid_dependencies":
                body["invalidDependencies"] = fields?.Keys;
                break;
            case "job_already_added":
                body["errorName"] = "JobAlreadyAdded";
                body["jobId"] = fields?.GetValueOrDefault("jobId");
                break;
        }
        if (problem.Extensions.TryGetValue("deployments", out var deployments) && deployments is string[] links)
            body["deployments"] = links.Select(l => V2Link.To(context.Request, l)).ToArray();
        return context.Response.WriteAsJsonAsync(body, Json, "application/json", context.RequestAborted);
    }
}
