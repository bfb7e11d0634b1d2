using FluentValidation;
using ModelHub.Api.Dialects.Registry.Wire;

namespace ModelHub.Api.Dialects.Registry;

internal sealed class CreateWorkspaceRules : AbstractValidator<CreateWorkspaceRequest>
{
    public CreateWorkspaceRules() => RuleFor(r => r.WorkspaceName).NotEmpty().MaximumLength(200);
}

internal sealed class GetWorkspaceRules : AbstractValidator<GetWorkspaceRequest>
{
    public GetWorkspaceRules() => RuleFor(r => r.Id).NotNull();
}
