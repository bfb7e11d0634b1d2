using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using ModelHub.Api.Access;
using ModelHub.Api.Dialects.Hub.Wire;
using ModelHub.Api.Hosting;
using ModelHub.Application.Errors;
using ModelHub.Application.Models;
using ModelHub.Application.WhatIf;

namespace ModelHub.Api.Dialects.Hub.Controllers;

/// <summary>What a model would say if a row were another.</summary>
[ApiController]
[Route("api/models/{modelId}/what-if")]
[RequestSizeLimit(JsonBodyLimit.Rows)]
public sealed class WhatIfController(WhatIfService whatIf, CounterfactualService counterfactuals) : ControllerBase
{
    /// <summary>A row and changes to it: predictions, how far they move, and what moved them.</summary>
    [HttpPost]
    public async Task<WhatIfWire> Compare(string modelId, WhatIfRequest request, CancellationToken cancellation)
    {
        var options = new ScoringOptions(request.Options?.Threshold, request.Options?.IncludeContributions ?? false);
        var scenarios = request.Scenarios ?? throw ModelHubException.Invalid("scenarios", "'scenarios' is needed: a list of changes.");
        var answer = await whatIf.CompareAsync(
            HttpContext.Caller(), HubPaging.Id(modelId, "model"), request.Base, scenarios, options, cancellation);
        return new WhatIfWire
        {
            Base = ToWire(answer, answer.Base),
            Scenarios = [.. answer.Scenarios.Select((s, at) => ToWire(answer, s, scenarios[at], request.Options?.TopN))],
            ContributionSpace = answer.ContributionSpace,
            Warnings = answer.Warnings.Count > 0 ? answer.Warnings : null,
        };
    }

    /// <summary>How the predictions of rows move with one feature: each row's own curve (ICE) and their mean (partial dependence).</summary>
    [HttpPost("curve")]
    public async Task<CurveWire> Curve(string modelId, CurveRequest request, CancellationToken cancellation)
    {
        var curve = await whatIf.CurveAsync(
            HttpContext.Caller(), HubPaging.Id(modelId, "model"),
            request.Rows ?? throw ModelHubException.Invalid("rows", "'rows' is needed: a list of records."),
            request.Feature ?? throw ModelHubException.Invalid("feature", "'feature' is needed."), request.Values, cancellation);
        return new CurveWire(curve.Feature, curve.Values, curve.Classes, curve.Rows, curve.Mean);
    }

    /// <summary>The smallest change of a row that makes the model say something else.</summary>
    [HttpPost("counterfactual")]
    public async Task<CounterfactualWire> Counterfactual(string modelId, CounterfactualRequest request, CancellationToken cancellation)
    {
        var wanted = request.Wanted is { } w ? new WantedOutcome(w.Class, w.Probability, w.AtLeast, w.AtMost)
            : throw ModelHubException.Invalid("wanted", "'wanted' is needed: a class, or at_least or at_most.");
        var found = await counterfactuals.FindAsync(
            HttpContext.Caller(), HubPaging.Id(modelId, "model"), request.Base, wanted, request.Features, request.MaxChanges ?? 5, cancellation);
        return new CounterfactualWire
        {
            Found = found.Changes is not null,
            Base = StudioMapping.ToWire(found.Classes, found.Base),
            Prediction = found.Changed is { } changed ? StudioMapping.ToWire(found.Classes, changed) : null,
            Changes = [.. (found.Changes ?? []).Select(c => new ChangeWire(c.Feature, c.From, c.To))],
            Distance = found.Changes is null ? null : found.Distance,
            ProvenSmallest = found.IsSmallest,
            ProvenImpossibleByTwo = found.IsImpossible,
            NotSearched = found.NotSearched.Count > 0 ? found.NotSearched : null,
        };
    }

    private static ScenarioWire ToWire(WhatIfAnswer answer, Scenario scenario, JsonElement changes, int? top) => new()
    {
        Changes = changes,
        Prediction = ToWire(answer, scenario.Row),
        Change = scenario.Row.Label is null ? scenario.Change[0] : StudioMapping.ByClass(answer.Classes, scenario.Change),
        ContributionChanges = scenario.ContributionChanges is { } moved
            ? [.. moved.Take(top ?? moved.Count).Select(c => new ContributionWire(c.Key, c.Value))] : null,
    };

    private static PredictionWire ToWire(WhatIfAnswer answer, RowPrediction row) => StudioMapping.ToWire(answer.Classes, row);
}
