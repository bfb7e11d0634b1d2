using FluentValidation;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects;
using ModelHub.Api.Retries;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Errors;

/// <summary>
/// Before an action: what could not be read is refused (400 for text that is no JSON, else the dialect's status for invalid input), then
/// the dialect may ask for its key, then FluentValidation's rules for each argument hold.
/// </summary>
internal sealed class ValidationFilter(DialectSet dialects) : IAsyncActionFilter
{
    public async Task OnActionExecutionAsync(ActionExecutingContext context, ActionExecutionDelegate next)
    {
        var dialect = dialects.Of(context.HttpContext.Request.Path);
        Refuse(context.ModelState, dialect);
        await dialect.BeforeActionAsync(context);
        // Where the key is in the body it is only now known whose request this is.
        if (context.HttpContext.Features.Get<RepeatableRequest>() is { } request && await request.AnswerAgainAsync(context.HttpContext.Caller()))
        {
            context.Result = new EmptyResult();
            return;
        }
        foreach (var argument in context.ActionArguments.Values)
        {
            if (argument is null
                || context.HttpContext.RequestServices.GetService(typeof(IValidator<>).MakeGenericType(argument.GetType())) is not IValidator rules)
                continue;
            var result = await rules.ValidateAsync(new ValidationContext<object>(argument), context.HttpContext.RequestAborted);
            if (!result.IsValid)
                Refuse(result.Errors.Select(e => (dialect.FieldName(e.PropertyName), e.ErrorMessage)));
        }
        await next();
    }

    private static void Refuse(ModelStateDictionary state, Dialect dialect)
    {
        if (state.IsValid)
            return;
        foreach (var error in state.Values.SelectMany(v => v.Errors))
        {
            // MVC keeps only the text of what the JSON reader said; a value of a wrong type is told by these words of it.
            var isWrongType = error.ErrorMessage.Contains("could not be converted", StringComparison.Ordinal)
                || error.ErrorMessage.Contains("missing required", StringComparison.Ordinal);
            if (error.ErrorMessage.Contains("non-empty", StringComparison.Ordinal))
                throw new MalformedBodyException("The body is empty.");
            if (error.ErrorMessage.Contains("BytePositionInLine", StringComparison.Ordinal) && !isWrongType)
                throw new MalformedBodyException($"The body is not JSON: {error.ErrorMessage}");
        }
        Refuse(state.Where(s => s.Value!.Errors.Count > 0).Select(s =>
        {
            var field = s.Key.StartsWith("$.", StringComparison.Ordinal) ? s.Key[2..] : s.Key.TrimStart('$');
            return (field.Length == 0 ? "body" : dialect.FieldName(field), "The value has a wrong type or form.");
        }));
    }

    private static void Refuse(IEnumerable<(string Field, string Message)> errors)
    {
        var fields = errors.GroupBy(e => e.Field, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Message, StringComparer.Ordinal);
        var first = fields.First();
        throw new ModelHubException(ErrorKind.Invalid, "invalid", $"{first.Key}: {first.Value}", fields);
    }
}
