namespace ModelHub.Api.Hosting;

/// <summary>What somebody who just typed <c>up</c> wants to know.</summary>
internal static class Welcome
{
    public static async Task PrintAsync(WebApplication app, HubSettings settings, string? firstKey)
    {
        var url = app.Urls.FirstOrDefault() ?? settings.Urls;
        var keyFile = Path.Combine(settings.DataFolder, "first-key");
        if (firstKey is not null && settings.AdminKey is null)
            await KeepAsync(keyFile, firstKey);
        var key = File.Exists(keyFile) ? $"$(cat {keyFile})" : "$MODELHUB_ADMIN_KEY";
        Console.WriteLine($"""

            ModelHub is up.
              URL        {url}
              Swagger    {url}/swagger
              Key        {(firstKey is not null && settings.AdminKey is null ? $"{firstKey}   (shown once; also in {keyFile})" : key)}
              Try        curl -H "Authorization: Bearer {key}" {url}/api/projects

            """);
    }

    private static async Task KeepAsync(string path, string key)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var file = new StreamWriter(path, options);
        await file.WriteLineAsync(key);
    }
}
