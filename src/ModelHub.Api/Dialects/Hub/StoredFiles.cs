using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using ModelHub.Application.Artifacts;

namespace ModelHub.Api.Dialects.Hub;

/// <summary>Artifacts as downloads: any range of their bytes, and nothing at all for who has them already.</summary>
internal static class StoredFiles
{
    public static FileStreamResult Download(this ControllerBase controller, ArtifactFile file, string type = "application/octet-stream") =>
        controller.File(file.Bytes, type, file.Name, lastModified: null, new EntityTagHeaderValue($"\"{file.Sha256}\""), enableRangeProcessing: true);
}
