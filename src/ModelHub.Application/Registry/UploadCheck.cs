using System.Text.Json;
using ModelHub.Application.CustomModels;
using ModelHub.Application.CustomModels.Runs;
using ModelHub.Application.Errors;
using ModelHub.Engine.Inference;

namespace ModelHub.Application.Registry;

/// <summary>Whether an upload runs: loaded (or its server started), its schema compared, sample rows inferred.</summary>
public sealed class UploadCheck(ModelFiles files, ModelPrograms programs)
{
    public const string CodeRuntime = "custom";

    /// <summary>What runs it, and what it reads and gives.</summary>
    /// <exception cref="ModelHubException">It does not run; the message says why.</exception>
    public async Task<(string Runtime, ModelHeader Header)> RunAsync(CustomModelVersion version, CancellationToken cancellation)
    {
        if (version.HasCode)
            return (CodeRuntime, await StartAsync(version, cancellation));
        var file = ModelFileSource.ModelFile(version)
            ?? throw ModelHubException.Invalid("file", UnknownFiles.DescribeArchive([.. version.Files.Select(f => f.Path)]));
        var opened = await files.OpenAsync(file.Sha256, null, isHint: false, isNew: true, cancellation);
        try
        {
            Compare(version, opened.Header);
            if (SampleRows.Of(opened.Header) is { } sample
                && SampleRows.Problem(opened.Header, await opened.PredictAsync(sample, cancellation)) is { } problem)
                throw ModelHubException.Invalid("file", $"A sample was inferred, and {problem}.");
            return (opened.Runtime, opened.Header);
        }
        finally
        {
            if (opened.Runner is { } runner)
                await runner.DisposeAsync();
        }
    }

    /// <summary>Its own code, started once in a sandbox.</summary>
    private async Task<ModelHeader> StartAsync(CustomModelVersion version, CancellationToken cancellation)
    {
        var (_, _, program) = await programs.FindAsync(version.Id, cancellation) ?? throw ModelHubException.NotFound("model version");
        await using var server = programs.Serve(program with { Replicas = 1 });
        await server.WarmAsync(cancellation);
        return server.Header;
    }

    private static void Compare(CustomModelVersion version, ModelHeader header)
    {
        var conversion = JsonSerializer.Deserialize<Conversion>(version.Conversion ?? "{}")!;
        if (Conversion.SchemaOf(conversion.InputSchema, "input_schema") is { } schema && SchemaFit.Problem(schema, header) is { } misfit)
            throw ModelHubException.Invalid("input_schema", $"The schema does not fit the model: {misfit}.");
    }
}
