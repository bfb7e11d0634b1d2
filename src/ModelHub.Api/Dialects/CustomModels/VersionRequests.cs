using System.Text;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using ModelHub.Api.Errors;
using ModelHub.Application.Artifacts;
using ModelHub.Application.CustomModels;
using ModelHub.Application.Errors;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>A form whose files are stored while they arrive.</summary>
/// <param name="Files">Name of the part, the client's name for the file, the stored bytes; in the order sent.</param>
internal sealed record StoredForm(RequestFields Fields, IReadOnlyList<(string Part, string Name, StoredArtifact Bytes)> Files)
{
    private const int MostParts = 3000;
    private const int LongestField = 1 << 20;

    /// <summary>Reads multipart/form-data (or JSON, which has no files). A part with a filename, or of one of these names, is a file.</summary>
    public static async Task<StoredForm> ReadAsync(HttpRequest request, IArtifactStore store, IReadOnlyCollection<string> fileParts, CancellationToken cancellation)
    {
        if (!FormFile.IsForm(request.ContentType))
            return new StoredForm(await RequestFields.ReadAsync(request, cancellation), []);
        var reader = FormFile.PartsOf(request.ContentType, request.Body, MostParts);
        var fields = new RequestFields();
        var files = new List<(string, string, StoredArtifact)>();
        try
        {
            while (await reader.NextAsync(cancellation) is { } section)
            {
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition))
                    continue;
                var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? "";
                var file = disposition.FileNameStar.HasValue ? disposition.FileNameStar.Value : HeaderUtilities.RemoveQuotes(disposition.FileName).Value;
                if (fileParts.Contains(name))
                    files.Add((name, file ?? "", await store.PutAsync((target, stop) => section.Body.CopyToAsync(target, stop), cancellation)));
                else
                    fields.Add(name, await FieldAsync(section.Body, cancellation));
            }
        }
        catch (Exception broken) when (broken is InvalidDataException || broken is IOException and not BadHttpRequestException)
        {
            throw new MalformedBodyException("The form is damaged or cut short.");
        }
        return new StoredForm(fields, files);
    }

    private static async Task<string> FieldAsync(Stream body, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[8192];
        while (await body.ReadAsync(chunk, cancellation) is > 0 and var read)
        {
            if (buffer.Length + read > LongestField)
                throw ModelHubException.Invalid("body", $"A field of the form is longer than {LongestField} bytes.");
            buffer.Write(chunk, 0, read);
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}

/// <summary>Reads what a new version is to be made of.</summary>
internal static class VersionRequests
{
    public static readonly IReadOnlyCollection<string> FileParts = ["file"];

    public static NewVersion ToNew(StoredForm form, bool fromLatest)
    {
        var fields = form.Fields;
        var wanted = new NewVersion(fields.Flag("isMajorUpdate", required: true) ?? true)
        {
            FromLatest = fromLatest,
            Files = FilesOf(form),
            Without = fields.Ids("filesToDelete", 100),
            EnvironmentId = fields.Id("baseEnvironmentId"),
            EnvironmentVersionId = fields.Id("baseEnvironmentVersionId"),
            Runtime = CustomModelRequests.RuntimeOf(fields, VendorWords.NetworksOfVersions),
            Git = CustomModelMapping.GitOf(fields),
            Metadata = MetadataOf(fields),
            Training = TrainingOf(fields, "trainingData"),
            Holdout = TrainingOf(fields, "holdoutData"),
            KeepTrainingData = fields.Flag("keepTrainingHoldoutData") ?? true,
        };
        fields.Check();
        return wanted;
    }

    public static TrainingWish? TrainingOf(RequestFields fields, string name) =>
        fields.Json(name) is { } json ? TrainingOf(fields, name, new RequestFields(json)) : null;

    /// <summary>Null when no dataset is named.</summary>
    public static TrainingWish? TrainingOf(RequestFields outer, string name, RequestFields data)
    {
        var (dataset, version, partition) = (data.Id("datasetId"), data.Id("datasetVersionId"), data.Text("partitionColumn", 500));
        try
        {
            data.Check();
        }
        catch (ModelHubException wrong)
        {
            outer.Refuse(name, wrong.Message);
        }
        return dataset is { } id ? new TrainingWish(id, version, partition) : null;
    }

    public static IReadOnlyList<MetadataValue>? MetadataOf(RequestFields fields)
    {
        if (fields.Json("requiredMetadataValues", JsonValueKind.Array) is not { } list)
            return fields.Json("requiredMetadata") is not { } old ? null
                : [.. old.EnumerateObject().Take(100).Select(m => new MetadataValue(m.Name, m.Value.ToString()))];
        if (list.GetArrayLength() > 100)
            fields.Refuse("requiredMetadataValues", "At most 100 are allowed.");
        var values = new List<MetadataValue>();
        foreach (var item in list.EnumerateArray().Take(100))
        {
            var entry = item.ValueKind == JsonValueKind.Object ? new RequestFields(item) : new RequestFields();
            if ((entry.Text("fieldName", 100) ?? entry.Text("field_name", 100)) is { } name && entry.Text("value", 100) is { } value)
                values.Add(new MetadataValue(name, value));
            else
                fields.Refuse("requiredMetadataValues", "Objects with 'fieldName' and 'value' (at most 100 characters) are expected.");
        }
        return values;
    }

    /// <summary>The nth path belongs to the nth file; without any, files are known by their own names.</summary>
    private static IReadOnlyList<NewFile> FilesOf(StoredForm form)
    {
        var paths = form.Fields.Texts("filePath", 1000, longest: 10_000);
        if (paths is null)
            return [.. form.Files.Select(f => new NewFile(BaseName(f.Name), f.Bytes))];
        if (paths.Count == form.Files.Count)
            return [.. form.Files.Zip(paths, (f, path) => new NewFile(path, f.Bytes))];
        form.Fields.Refuse("filePath", $"There are {form.Files.Count} files and {paths.Count} paths; each file needs its own.");
        return [];
    }

    private static string BaseName(string name) => name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
}
