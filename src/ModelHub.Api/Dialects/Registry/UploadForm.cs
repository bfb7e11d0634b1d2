using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using ModelHub.Api.Dialects.Registry.Wire;
using ModelHub.Api.Errors;
using ModelHub.Application.Artifacts;
using ModelHub.Application.Errors;
using ModelHub.Application.Identity;
using ModelHub.Application.Registry;

namespace ModelHub.Api.Dialects.Registry;

/// <summary>
/// The form of an upload, read part by part as it comes in: <c>metadata</c> as a field or as a file, before the model's bytes or behind
/// them. Metadata that come first are checked before a byte of the file is kept.
/// </summary>
internal sealed class UploadForm(UploadService uploads, Caller caller)
{
    private const int LongestMetadata = 16 << 20;
    private const int MostParts = 20;
    private RegistryUpload? _upload;
    private StoredArtifact? _file;
    private string _fileName = "";

    /// <exception cref="ModelHubException">A part is missing, twice there, or refused.</exception>
    public async Task<(RegistryUpload Upload, string FileName, StoredArtifact File)> ReadAsync(
        HttpRequest request, CancellationToken cancellation)
    {
        var reader = FormFile.PartsOf(request.ContentType, request.Body, MostParts);
        try
        {
            while (await reader.NextAsync(cancellation) is { } section)
                await TakeAsync(section, cancellation);
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw new ModelHubException(ErrorKind.Invalid, "bad_form", "The form is broken or ends too early.", inner: broken);
        }
        return (_upload ?? throw ModelHubException.Invalid("metadata", "The form has no part 'metadata'."), _fileName,
            _file ?? throw ModelHubException.Invalid("file", "The form has no part 'file'."));
    }

    private async Task TakeAsync(MultipartSection section, CancellationToken cancellation)
    {
        var header = section.GetContentDispositionHeader();
        switch (header is null ? null : HeaderUtilities.RemoveQuotes(header.Name).Value)
        {
            case "metadata" when _upload is null:
                var wanted = ModelMapping.ToUpload(await MetadataAsync(section.Body, cancellation));
                _upload = await uploads.CheckAsync(caller, wanted, cancellation);
                break;
            case "file" when _file is null:
                // Clients on other systems send whole paths.
                var given = HeaderUtilities.RemoveQuotes(header!.FileNameStar.HasValue ? header.FileNameStar : header.FileName).Value ?? "";
                _fileName = given.Split('/', '\\')[^1] is { Length: > 0 } name ? name : "model";
                _file = await uploads.StoreAsync(section.Body, cancellation);
                break;
            case "metadata" or "file":
                throw ModelHubException.Invalid("body", "'metadata' and 'file' come once each.");
            default:
                await section.Body.CopyToAsync(Stream.Null, cancellation);
                break;
        }
    }

    private static async Task<UploadMetadata> MetadataAsync(Stream body, CancellationToken cancellation)
    {
        using var text = new MemoryStream();
        var buffer = new byte[81920];
        while (await body.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            text.Write(buffer, 0, read);
            if (text.Length > LongestMetadata)
                throw ModelHubException.Invalid("metadata", $"'metadata' is longer than {LongestMetadata} bytes.");
        }
        try
        {
            return JsonSerializer.Deserialize<UploadMetadata>(text.GetBuffer().AsSpan(0, (int)text.Length))
                ?? throw ModelHubException.Invalid("metadata", "'metadata' is null.");
        }
        catch (JsonException broken)
        {
            var field = broken.Path is { Length: > 2 } path ? "metadata." + path[2..] : "metadata";
            throw new MalformedBodyException(
                $"'{field}' is broken or of a wrong type (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}).");
        }
    }
}
