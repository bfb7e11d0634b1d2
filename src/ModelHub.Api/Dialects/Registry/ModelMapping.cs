using System.Globalization;
using System.Text.Json;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;
using ModelHub.Application.Registry;

namespace ModelHub.Api.Dialects.Registry;

internal static class ModelMapping
{
    private static readonly string HubVersion = typeof(ModelMapping).Assembly.GetName().Version!.ToString(3);

    /// <exception cref="ModelHubException">A member is missing or of another kind.</exception>
    public static RegistryUpload ToUpload(UploadMetadata metadata)
    {
        var conversion = metadata.Conversion ?? throw Missing("conversion");
        return new RegistryUpload(
            metadata.Name ?? throw Missing("name"),
            metadata.Visibility switch
            {
                "public" => Visibility.Public,
                "private" => Visibility.Private,
                null => throw Missing("visibility"),
                _ => throw ModelHubException.Invalid("visibility", "'visibility' is public or private."),
            },
            NumberOf(metadata.WorkspaceId),
            new Conversion
            {
                Framework = conversion.Framework ?? throw Missing("conversion.framework"),
                PythonVersion = conversion.PythonVersion ?? throw Missing("conversion.python_version"),
                Requirements = TextsOf(conversion.Requirements),
                FrameworkConfig = conversion.FrameworkConfig,
                Arch = conversion.Arch,
                Accel = conversion.Accel,
                InputSchema = metadata.InputSchema ?? conversion.InputSchema,
                OutputSchema = metadata.OutputSchema ?? conversion.OutputSchema,
            });
    }

    public static ListedModelWire ToWire(RegistryModel model, Workspace workspace) => new()
    {
        Model = new ModelWire
        {
            Id = model.Number, Name = model.Name, OwnerId = model.OwnerId.ToString(), CreatedAt = model.CreatedAt,
            UpdatedAt = model.UpdatedAt, WorkspaceId = workspace.Project.Number,
        },
        ModelVersions = [.. model.Versions.Select(ToWire)],
        Workspace = WorkspaceMapping.ToWire(workspace),
    };

    public static ModelDetailsWire ToDetails(RegistryModel model) => new()
    {
        Id = model.Number, Name = model.Name, OwnerId = model.OwnerId.ToString(), CreatedAt = model.CreatedAt, UpdatedAt = model.UpdatedAt,
        Models = [.. model.Versions.Select(ToListed)],
    };

    public static VersionAndConfigWire ToWire(RegistryVersion found) => new() { ModelVersion = VersionOf(found), Config = ConfigOf(found) };

    public static ListedVersionWire ToListed(RegistryVersion found) => new()
    {
        Sha = found.File.Sha256, ModelsPkId = found.Model.Number, ModelVersion = found.Id.ToString(),
        OwnerId = found.Model.OwnerId.ToString(), ModelId = found.Model.Name, Id = found.Number, FileName = found.File.Name,
        Status = StatusOf(found.Status),
    };

    public static ConfigWire ConfigOf(RegistryVersion found) => new()
    {
        Id = found.Number, ModelVersionId = found.Number, Runtime = found.Runtime,
        InputSchema = found.Conversion.InputSchema, OutputSchema = found.Conversion.OutputSchema,
    };

    private static VersionWire VersionOf(RegistryVersion found)
    {
        var (file, conversion) = (found.File, found.Conversion);
        return new VersionWire
        {
            Name = found.Model.Name,
            Visibility = found.Model.Visibility == Visibility.Public ? "public" : "private",
            WorkspaceId = found.Model.WorkspaceNumber,
            Conversion = new ConversionWire
            {
                Arch = conversion.Arch, Accel = conversion.Accel, PythonVersion = conversion.PythonVersion,
                Requirements = conversion.Requirements, Framework = conversion.Framework, FrameworkConfig = conversion.FrameworkConfig,
            },
            Id = found.Number,
            Status = StatusOf(found.Status),
            TaskId = found.TaskId?.ToString(),
            FileInfo = new FileInfoWire { Version = found.Id.ToString(), Sha = file.Sha256, FileName = file.Name, Size = file.Size },
            CreatedOnVersion = HubVersion,
            CreatedBy = found.CreatedBy,
            CreatedAt = found.CreatedAt,
            Deployed = found.IsDeployed,
            ErrorSummary = found.ErrorSummary,
        };
    }

    private static string StatusOf(VersionStatus status) => status switch
    {
        VersionStatus.Ready => "ready",
        VersionStatus.Uploading => "uploading",
        VersionStatus.PendingLoadNative => "pending_load_native",
        VersionStatus.AttemptingLoadNative => "attempting_load_native",
        VersionStatus.AttemptingLoadContainer => "attempting_load_container",
        VersionStatus.Error => "error",
    };

    private static long NumberOf(JsonElement? value) => value switch
    {
        null => throw Missing("workspace_id"),
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out var whole) => whole,
        { ValueKind: JsonValueKind.String } text
            when long.TryParse(text.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var whole) => whole,
        _ => throw ModelHubException.Invalid("workspace_id", "'workspace_id' is a workspace's number."),
    };

    private static List<string> TextsOf(JsonElement? value)
    {
        if (value is not { } given)
            throw Missing("conversion.requirements");
        if (given.ValueKind == JsonValueKind.String)
            return given.GetString()!.Trim() is { Length: > 0 } one && one != "[]" ? [one] : [];
        if (given.ValueKind != JsonValueKind.Array || given.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String))
            throw ModelHubException.Invalid("conversion.requirements", "'requirements' is a list of texts.");
        return [.. given.EnumerateArray().Select(v => v.GetString()!)];
    }

    private static ModelHubException Missing(string field) => ModelHubException.Invalid(field, $"'{field}' is needed.");
}
