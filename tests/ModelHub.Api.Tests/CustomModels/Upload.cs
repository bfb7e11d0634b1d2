using System.Formats.Tar;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>What people send: versions, contexts, tables.</summary>
internal static class Upload
{
    /// <summary>y = 3 a + 0.5 b as hooks; run as a program, a file of weights.</summary>
    public const string Hooks = """
        import os

        def score(data, model, **kwargs):
            number = lambda v: 0.0 if v is None or v != v else float(v)
            return [3.0 * number(a) + 0.5 * number(b) for a, b in zip(data["a"], data["b"])]

        if __name__ == "__main__":
            with open(os.path.join(os.environ["OUTPUT_DIR"], "weights.csv"), "w") as file:
                file.write("a,b\n3.0,0.5\n")
        """;

    public static MultipartFormDataContent Version(string environment, params (string Path, string Content)[] files)
    {
        var form = new MultipartFormDataContent { { new StringContent("true"), "isMajorUpdate" }, { new StringContent(environment), "baseEnvironmentId" } };
        foreach (var (path, content) in files)
        {
            form.Add(new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", "file");
            form.Add(new StringContent(path), "filePath");
        }
        return form;
    }

    /// <summary>Rows of a, b and y = 3 a + 0.5 b.</summary>
    public static MultipartFormDataContent Table(int rows)
    {
        var text = new StringBuilder("a,b,y\n");
        for (var i = 0; i < rows; i++)
        {
            var (a, b) = (i * 37 % 101, i * 53 % 89);
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{a},{b},{3.0 * a + 0.5 * b}\n");
        }
        var file = new ByteArrayContent(Encoding.UTF8.GetBytes(text.ToString()));
        file.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        return new MultipartFormDataContent { { file, "file", "table.csv" } };
    }

    /// <summary>A context that builds from nothing; with a link where one is named.</summary>
    public static byte[] DockerContext(string? link = null, string dockerfile = "FROM scratch\nCOPY hello.txt /hello.txt\n")
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Pax))
        {
            foreach (var (name, content) in new[] { ("Dockerfile", dockerfile), ("hello.txt", "hello\n") })
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
            if (link is not null)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "loot") { LinkName = link });
        }
        return packed.ToArray();
    }
}
