namespace ModelHub.Application.Artifacts;

/// <summary>An artifact on its way out, under the name that a user gives such a file.</summary>
/// <param name="Sha256">Of all its bytes: two files with the same one are the same.</param>
public sealed record ArtifactFile(string Name, string Sha256, Stream Bytes);
