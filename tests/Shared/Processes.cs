namespace ModelHub.Tests.Shared;

/// <summary>Who runs on this machine, whoever's it is.</summary>
internal static class Processes
{
    /// <summary>The processes in whose arguments a text is.</summary>
    public static string[] Of(string marker) =>
    [
        .. Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out _)).Where(p =>
        {
            try
            {
                return File.ReadAllText(p + "/cmdline").Contains(marker, StringComparison.Ordinal);
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }),
    ];

    public static async Task GoneAsync(string marker)
    {
        for (var i = 0; Of(marker).Length > 0; i++)
        {
            Assert.True(i < 200, "Still there: " + string.Join(", ", Of(marker)));
            await Task.Delay(50);
        }
    }
}
