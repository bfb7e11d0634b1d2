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

internal sealed class ListModelsRules : AbstractValidator<ListModelsRequest>
{
    public ListModelsRules() => RuleFor(r => r.WorkspaceId).NotNull();
}

internal sealed class GetModelRules : AbstractValidator<GetModelRequest>
{
    public GetModelRules() => RuleFor(r => r.Id).NotNull();
}

internal sealed class GetVersionRules : AbstractValidator<GetVersionRequest>
{
    public GetVersionRules() => RuleFor(r => r.ModelVersionId).NotNull();
}

internal sealed class GetConfigRules : AbstractValidator<GetConfigRequest>
{
    public GetConfigRules() => RuleFor(r => r.ModelId).NotNull();
}

internal sealed class ListVersionsRules : AbstractValidator<ListVersionsRequest>
{
    public ListVersionsRules() => RuleFor(r => r.ModelId).NotNull().When(r => r.ModelsPkId is null)
        .WithMessage("Give the name, the number, or both.");
}

internal sealed class CreatePipelineRules : AbstractValidator<CreatePipelineRequest>
{
    public CreatePipelineRules()
    {
        RuleFor(r => r.PipelineId).NotEmpty();
        RuleFor(r => r.WorkspaceId).NotNull();
    }
}

internal sealed class CreatePipelineVersionRules : AbstractValidator<CreatePipelineVersionRequest>
{
    public CreatePipelineVersionRules() => RuleFor(r => r.PipelineId).NotNull();
}

internal sealed class DeployPipelineRules : AbstractValidator<DeployPipelineRequest>
{
    public DeployPipelineRules() => RuleFor(r => r.PipelineId).NotNull();
}

internal sealed class UndeployPipelineRules : AbstractValidator<UndeployPipelineRequest>
{
    public UndeployPipelineRules() => RuleFor(r => r.PipelineId).NotNull();
}

internal sealed class DeploymentStatusRules : AbstractValidator<DeploymentStatusRequest>
{
    public DeploymentStatusRules() => RuleFor(r => r.Name).NotEmpty();
}

internal sealed class PipelineUrlRules : AbstractValidator<PipelineUrlRequest>
{
    public PipelineUrlRules()
    {
        RuleFor(r => r.WorkspaceId).NotNull();
        RuleFor(r => r.PipelineName).NotEmpty();
    }
}
