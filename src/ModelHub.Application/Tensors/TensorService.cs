using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.EntityFrameworkCore;
using ModelHub.Application.Deployments;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Projects;
using ModelHub.Application.Scoring;
using ModelHub.Application.Serving;
using ModelHub.Application.Storage;

namespace ModelHub.Application.Tensors;

/// <summary>Scoring in tensors: a deployment by its id or name, or a model by its id. Rows go the way of all rows.</summary>
public sealed class TensorService(DeploymentGate gate, DeploymentScoring scoring, ModelCache models, MembershipCache memberships, HubDbContext db)
{
    /// <summary>Every model is the one version that its id names; so is what a deployment serves now.</summary>
    private const string OnlyVersion = "1";

    public async Task<TensorModel> DescribeAsync(Caller caller, string name, string? version, CancellationToken cancellation)
    {
        var (served, model) = await ResolveAsync(caller, name, version, cancellation);
        var header = (served?.Champion ?? model!).Header;
        return new TensorModel(name, [OnlyVersion], "modelhub_" + header.Algorithm.ToLowerInvariant(), TensorRecords.InputsOf(header), TensorRecords.OutputsOf(header));
    }

    /// <param name="wanted">Names of the outputs that are wanted; null for all.</param>
    /// <exception cref="ModelHubException">Unknown to the caller, or the tensors do not fit the model.</exception>
    public async Task<TensorAnswer> InferAsync(
        Caller caller, string name, string? version, IReadOnlyList<Tensor> inputs, IReadOnlyList<string>? wanted, CancellationToken cancellation)
    {
        var (served, direct) = await ResolveAsync(caller, name, version, cancellation);
        var model = direct ?? served!.Champion;
        var known = TensorRecords.OutputsOf(model.Header).Select(o => o.Name).ToList();
        if (wanted?.FirstOrDefault(w => !known.Contains(w)) is { } strange)
            throw ModelHubException.Invalid("outputs", $"The model has no output '{strange}'; it has {string.Join(", ", known)}.");
        var body = PipeReader.Create(new ReadOnlySequence<byte>(TensorRecords.Of(inputs, model.Header)));
        var nowhere = PipeWriter.Create(Stream.Null);
        CollectedRows rows;
        if (served is null)
        {
            rows = new CollectedRows(model, model.Header.Threshold, []);
            await new ScoringRun(model, RowFormat.Json, KeptColumns.None, rows, nowhere).RunAsync(body, cancellation);
        }
        else
        {
            model = await gate.ChooseAsync(served, null, body, RowFormat.Json, cancellation);
            rows = new CollectedRows(model, served.Threshold ?? 0.5, served.Guard);
            await scoring.RunAsync(served, model, RowFormat.Json, KeptColumns.None, body, rows, nowhere, () => { }, cancellation);
        }
        var outputs = OutputsOf(model, [.. rows.All]);
        return new TensorAnswer(name, OnlyVersion, wanted is null ? outputs : [.. wanted.Select(w => outputs.First(o => o.Name == w))]);
    }

    private static List<Tensor> OutputsOf(LoadedModel model, CollectedRow[] rows)
    {
        if (model.IsRegression)
        {
            double[] values = [.. rows.Select(r => r.IsRefused ? double.NaN
                : r.Prediction is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var instead) ? instead : r.Outputs[0])];
            return [new Tensor("prediction", TensorType.Fp64, [rows.Length, 1], values, null)];
        }
        return
        [
            new Tensor("prediction", TensorType.Bytes, [rows.Length, 1], null, [.. rows.Select(r => r.IsRefused ? null : r.Prediction)]),
            new Tensor("probabilities", TensorType.Fp64, [rows.Length, model.OutputCount], [.. rows.SelectMany(r => r.Outputs)], null),
        ];
    }

    /// <summary>A deployment, or else a model.</summary>
    private async Task<(ServedDeployment? Served, LoadedModel? Model)> ResolveAsync(
        Caller caller, string name, string? version, CancellationToken cancellation)
    {
        if (version is not null and not OnlyVersion)
            throw ModelHubException.NotFound("version");
        if (!HubId.TryParse(name, out var id))
            return (await gate.OpenAsync(caller, (await ByNameAsync(caller, name, cancellation)).ToString(), cancellation), null);
        try
        {
            return (await gate.OpenAsync(caller, name, cancellation), null);
        }
        catch (ModelHubException unknown) when (unknown.Kind == ErrorKind.NotFound)
        {
            var model = await models.GetAsync(id, cancellation);
            return await memberships.IsMemberAsync(caller, model.ProjectId, cancellation) ? (null, model) : throw ModelHubException.NotFound("model");
        }
    }

    private async Task<Guid> ByNameAsync(Caller caller, string name, CancellationToken cancellation)
    {
        var found = await db.Set<Deployment>().AsNoTracking()
            .Where(d => d.Name == name && db.ProjectMembers.Any(m => m.ProjectId == d.ProjectId && m.UserId == caller.UserId))
            .Select(d => d.Id).Take(2).ToListAsync(cancellation);
        return found.Count switch
        {
            0 => throw ModelHubException.NotFound("model"),
            1 => found[0],
            _ => throw ModelHubException.Conflict("ambiguous_name", $"Several deployments are called '{(name.Length > 100 ? name[..100] : name)}'; use the id."),
        };
    }
}
