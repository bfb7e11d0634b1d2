using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.AutoMl.Wire;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;

namespace ModelHub.Api.Dialects.AutoMl;

/// <summary>POST for everything, the key in the body, every answer with a boolean <c>success</c>, under <c>/api/x</c> and <c>/x</c>.</summary>
internal sealed class AutoMlDialect(KeyCache keys, RateLimits rates) : Dialect
{
    private static readonly HashSet<string> Operations = new(StringComparer.Ordinal)
    {
        "train_automl_model", "automl_predict", "delete_automl_model", "get_automl_training_status", "get_model_validation_metric",
        "list_automl_model_infos", "create_project", "delete_project", "list_projects", "init", "add_data", "add_data_batch", "upload",
        "get_upload_data_status", "delete_collection", "list_collections",
    };

    public override string Name => "automl";

    public override string Title => "AutoML (VecML)";

    public override string Folder => "AutoMl";

    /// <summary>Of files and vectors.</summary>
    public const long LargestData = 200L << 20;

    /// <summary>Numbers of a list of vectors, and its lists.</summary>
    public const int MostValues = 20_000_000;

    public override long? LargestBody => LargestData;

    public override bool Owns(PathString path)
    {
        var text = path.Value ?? "";
        text = text.StartsWith("/api/", StringComparison.Ordinal) ? text[5..] : text.TrimStart('/');
        return Operations.Contains(text.TrimEnd('/'));
    }

    public override int StatusOf(ErrorKind kind) => kind is ErrorKind.Invalid or ErrorKind.RateLimited ? 400 : base.StatusOf(kind);

    public override Type RefusalBody => typeof(ErrorAnswer);

    public override Task WriteProblemAsync(HttpContext context, ProblemDetails problem) =>
        context.Response.WriteAsJsonAsync(new ErrorAnswer { ErrorMessage = problem.Detail ?? "" }, context.RequestAborted);

    /// <summary>The key is in the body, so it is asked for here; an Authorization header does as well.</summary>
    public override async Task BeforeActionAsync(ActionExecutingContext context)
    {
        if (context.HttpContext.Features.Get<Caller>() is not null)
            return;
        await AdmitAsync(context.HttpContext, context.ActionArguments.Values.OfType<AutoMlRequest>().FirstOrDefault()?.UserApiKey);
    }

    /// <exception cref="ModelHubException">The key is nobody's, or was used too often.</exception>
    public async Task AdmitAsync(HttpContext context, string? secret)
    {
        var caller = secret is null ? null : await keys.FindAsync(secret, context.RequestAborted);
        context.Features.Set(caller ?? throw ModelHubException.Unauthenticated());
        rates.Admit(caller, context.GetEndpoint());
    }
}
