using ModelHub.Application.Environments;

namespace ModelHub.Api.Dialects.CustomModels;

/// <summary>Reads what a new version of an environment is to be built from.</summary>
internal static class EnvironmentRequests
{
    private static readonly string[] Contexts = ["dockerContext", "docker_context"];
    private static readonly string[] Images = ["dockerImage", "docker_image"];

    public static IReadOnlyCollection<string> FileParts { get; } = [.. Contexts, .. Images];

    public static NewEnvironmentVersion ToNew(StoredForm form)
    {
        var fields = form.Fields;
        var wanted = new NewEnvironmentVersion(
            fields.Text("label", 50) ?? "", fields.Text("description") ?? "", fields.Id("environmentVersionId"), InputOf(form, Contexts), InputOf(form, Images),
            fields.Text("dockerImageUri", 1000) is { Length: > 0 } uri ? uri : null);
        fields.Check();
        return wanted;
    }

    private static BuildInput? InputOf(StoredForm form, string[] names)
    {
        var found = form.Files.Where(f => names.Contains(f.Part)).ToList();
        if (found.Count > 1)
            form.Fields.Refuse(names[0], "One file is expected.");
        if (found.Count == 0)
            return null;
        var (_, name, bytes) = found[0];
        name = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        if (name.Length > 255 || name.Any(char.IsControl))
            form.Fields.Refuse(names[0], "The file's name is longer than 255 characters or has control characters.");
        if (bytes.Size == 0)
            form.Fields.Refuse(names[0], "The file is empty.");
        return new BuildInput(name, bytes.Sha256, bytes.Size);
    }
}
