using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ModelHub.Api.Tests.CustomModels;

/// <summary>A Git repository of one commit on the branch main, made of loose objects and served over plain HTTP.</summary>
internal sealed class GitRepository : IAsyncDisposable
{
    private readonly Dictionary<string, byte[]> _served = [];
    private readonly WebApplication _app;

    private GitRepository(params (string Path, string Content)[] files)
    {
        var tree = new MemoryStream();
        foreach (var (path, content) in files.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            tree.Write(Encoding.UTF8.GetBytes($"100644 {path}\0"));
            tree.Write(Convert.FromHexString(Put("blob", Encoding.UTF8.GetBytes(content))));
        }
        const string Who = "Test <test@example.test> 1767225600 +0000";
        var commit = Put("commit", Encoding.UTF8.GetBytes($"tree {Put("tree", tree.ToArray())}\nauthor {Who}\ncommitter {Who}\n\nFirst\n"));
        _served["/r.git/HEAD"] = "ref: refs/heads/main\n"u8.ToArray();
        _served["/r.git/info/refs"] = Encoding.UTF8.GetBytes($"{commit}\trefs/heads/main\n");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(async context =>
        {
            if (_served.TryGetValue(context.Request.Path.Value!, out var bytes))
                await context.Response.Body.WriteAsync(bytes);
            else
                context.Response.StatusCode = StatusCodes.Status404NotFound;
        });
    }

    public string Url => _app.Urls.First() + "/r.git";

    public static async Task<GitRepository> ServeAsync(params (string Path, string Content)[] files)
    {
        var repository = new GitRepository(files);
        await repository._app.StartAsync();
        return repository;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private string Put(string kind, byte[] body)
    {
        byte[] raw = [.. Encoding.UTF8.GetBytes($"{kind} {body.Length}\0"), .. body];
#pragma warning disable CA5350 // Git names its objects by SHA-1.
        var name = Convert.ToHexStringLower(SHA1.HashData(raw));
#pragma warning restore CA5350
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zlib.Write(raw);
        _served[$"/r.git/objects/{name[..2]}/{name[2..]}"] = packed.ToArray();
        return name;
    }
}
