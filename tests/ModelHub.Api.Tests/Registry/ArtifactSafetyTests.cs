using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelHub.Api.Tests.CustomModels;
using ModelHub.Application.Artifacts;
using ModelHub.Infrastructure.Artifacts;
using ModelHub.Infrastructure.Storage;

namespace ModelHub.Api.Tests.Registry;

/// <summary>Files of models in places, at times and under names that others got wrong (reliability cases M4 to M8; M1 and M4's loading are RegistryTests, M2 OnnxRuntimeTests, M3 BrokenFileTests, M9 BrokenOffTests).</summary>
[Collection("others models")]
public sealed class ArtifactSafetyTests(RunningHub hub)
{
    private static readonly object Wanted = new { name = "safe", customModelType = "inference", targetType = "Regression", targetName = "y" };

    /// <summary>M4: what was changed on the disk is given to nobody. That it does not run either is seen where models are loaded.</summary>
    [Fact]
    public async Task Bytes_that_were_changed_on_the_disk_are_not_given_away()
    {
        var (model, version) = await hub.ModelAsync(Wanted, ("model.txt", Leaves(4000)));
        var trained = await Leaderboards.OfAsync(hub, "regression");
        var artifact = await hub.Client.GetByteArrayAsync($"/api/models/{trained.BestId}/artifact");
        var store = hub.Services.GetRequiredService<IArtifactStore>();
        foreach (var (bytes, addresses) in new[]
        {
            (Encoding.UTF8.GetBytes(Leaves(4000)), new[] { $"/api/v2/customModels/{model}/versions/{version.GetProperty("id").GetString()}/download/", $"/api/custom-models/{model}/export" }),
            (artifact, [$"/api/models/{trained.BestId}/artifact", $"/api/models/{trained.BestId}/export"]),
        })
        {
            var path = await store.LocalPathAsync(Convert.ToHexStringLower(SHA256.HashData(bytes)), CancellationToken.None);
            bytes[bytes.Length / 3] ^= 4;
            await File.WriteAllBytesAsync(path, bytes);
            foreach (var address in addresses)
                Assert.Contains("checksum", await (await hub.Client.GetAsync(address)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
            bytes[bytes.Length / 3] ^= 4;
            await File.WriteAllBytesAsync(path, bytes);
            foreach (var address in addresses)
                Assert.Equal(HttpStatusCode.OK, (await hub.Client.GetAsync(address)).StatusCode);
        }
    }

    /// <summary>M5: no operation takes a path or an address of the server's to read from or write to.</summary>
    [Fact]
    public async Task Nobody_names_a_place_on_the_server()
    {
        string[] suspicious = ["path", "dir", "directory", "folder", "source", "location", "uri", "file_path", "local_path", "artifact_location", "connection_string", "jdbc"];
        var found = new List<string>();
        foreach (var dialect in hub.Services.GetRequiredService<Dialects.DialectSet>().All)
        {
            var document = await hub.Client.GetFromJsonAsync<JsonElement>($"/swagger/{dialect.Name}/swagger.json");
            var named = from path in document.GetProperty("paths").EnumerateObject()
                        from operation in path.Value.EnumerateObject()
                        from name in Names(operation.Value, document.GetProperty("components").GetProperty("schemas"))
                        where suspicious.Contains(name.ToLowerInvariant())
                        select $"{path.Name}: {name}";
            found.AddRange(named);
        }
        Assert.Empty(found);
        // And what older servers took such names by is passed over or refused, never followed.
        foreach (var body in new object[] { new { name = "a", source = "file:///etc/passwd" }, new { name = "b", path = "/proc/self/root/etc/passwd", dir = "/etc" } })
        {
            var project = await hub.Client.PostAsJsonAsync("/api/projects", body).JsonAsync(201);
            Assert.DoesNotContain("passwd", project.GetRawText(), StringComparison.Ordinal);
        }
    }

    /// <summary>M6: what is deployed, or is being deployed, stays; and a name that is used again never gives the old bytes.</summary>
    [Fact]
    public async Task A_name_that_is_used_again_never_gives_the_old_model()
    {
        for (var round = 0; round < 6; round++)
        {
            var (model, version) = await hub.ModelAsync(Wanted, ("model.txt", Leaves(round)));
            var id = version.GetProperty("id").GetString();
            var acts = await Task.WhenAll(
                hub.Client.PostAsJsonAsync("/api/deployments", new { name = "safe", model_id = id, stage = "staging" }), hub.Client.DeleteAsync($"/api/v2/customModels/{model}/"));
            Assert.All(acts, a => Assert.True((int)a.StatusCode < 500, a.ToString()));
            if (acts[0].StatusCode == HttpStatusCode.Created)
            {
                Assert.Equal(HttpStatusCode.Conflict, acts[1].StatusCode);
                var deployment = (await acts[0].Content.ReadFromJsonAsync<JsonElement>()).GetProperty("deployment").GetProperty("id").GetString();
                var scored = await hub.Client.PostAsync($"/deployments/{deployment}/predictions", new StringContent("x,y\n0,0\n", Encoding.UTF8, "text/csv")).JsonAsync();
                Assert.Equal(round + 0.5, scored.GetProperty("data")[0].GetProperty("prediction").GetDouble());
                await hub.Client.DeleteAsync($"/api/deployments/{deployment}").JsonAsync();
                await HubSteps.Sent(hub.Client.DeleteAsync($"/api/v2/customModels/{model}/"));
            }
            else
            {
                Assert.True(acts[1].IsSuccessStatusCode, acts[1].ToString());
            }
            await hub.Client.PostAsJsonAsync($"/api/models/{id}/predict", new { inputs = new { x = 0, y = 0 } }).JsonAsync(404);
        }
    }

    /// <summary>M7: bytes that nobody named for long, and that somebody names again while they are swept away.</summary>
    [Fact]
    public async Task The_sweep_takes_what_nobody_names_and_nothing_else()
    {
        var store = hub.Services.GetRequiredService<IArtifactStore>();
        var sweep = hub.Services.GetRequiredService<OrphanSweep>();
        var models = new List<string>();
        for (var round = 0; round < 20; round++)
        {
            var content = Leaves(1000 + round);
            var orphan = await store.PutAsync((stream, stop) => stream.WriteAsync(Encoding.UTF8.GetBytes(content), stop).AsTask(), CancellationToken.None);
            File.SetLastWriteTimeUtc(await store.LocalPathAsync(orphan.Sha256, CancellationToken.None), DateTime.UnixEpoch);
            var sweeping = sweep.SweepAsync(TimeSpan.FromMinutes(5), CancellationToken.None);
            var (_, version) = await hub.ModelAsync(Wanted, ("model.txt", content));
            await sweeping;
            models.Add(version.GetProperty("id").GetString()!);
        }
        foreach (var (round, id) in models.Index())
        {
            var scored = await hub.Client.PostAsJsonAsync($"/api/models/{id}/predict", new { inputs = new { x = 0, y = 0 } }).JsonAsync();
            Assert.Equal(1000 + round + 0.5, scored.GetProperty("predictions")[0].GetProperty("prediction").GetDouble());
        }
        var left = await store.PutAsync((stream, stop) => stream.WriteAsync("nobody's"u8.ToArray(), stop).AsTask(), CancellationToken.None);
        var path = await store.LocalPathAsync(left.Sha256, CancellationToken.None);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        await sweep.SweepAsync(TimeSpan.FromMinutes(5), CancellationToken.None);
        Assert.False(File.Exists(path));
    }

    /// <summary>M7, with the sweep in another process than who stores: of those that share a folder, one at a time takes or leaves a place.</summary>
    [Fact]
    public async Task Another_processs_sweep_waits_for_who_stores()
    {
        var folder = Directory.CreateTempSubdirectory("modelhub-sweep-").FullName;
        var store = new LocalArtifactStore(folder);
        var kept = await store.PutAsync((stream, stop) => stream.WriteAsync("again"u8.ToArray(), stop).AsTask(), CancellationToken.None);
        var path = await store.LocalPathAsync(kept.Sha256, CancellationToken.None);
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        var elsewhere = Process.Start(new ProcessStartInfo("flock", [Path.Combine(folder, "placing.lock"), "sh", "-c", "echo held; read line; touch $0; exit", path])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await elsewhere.StandardOutput.ReadLineAsync());
        var sweeping = Task.Run(() => new LocalArtifactStore(folder).DeleteOlder(kept.Sha256, DateTimeOffset.UtcNow.AddHours(-1)));
        await elsewhere.StandardInput.WriteLineAsync();
        Assert.False(await sweeping);
        Assert.True(File.Exists(path));
        await elsewhere.WaitForExitAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>M8: long texts, control characters and markup.</summary>
    [Fact]
    public async Task Texts_are_bounded_and_stay_texts()
    {
        var long1Mb = new string('d', 1 << 20);
        foreach (var (path, body) in new (string, object)[]
        {
            ("/api/projects", new { name = long1Mb }), ("/api/projects", new { name = "a\u0007b" }), ("/api/projects", new { name = "long " + Guid.NewGuid(), description = long1Mb }),
            ("/api/v2/customModels/", new { name = "n", description = long1Mb, customModelType = "inference", targetType = "Regression", targetName = "y" }),
            ("/api/v2/customModels/", new { name = "n\u0000", customModelType = "inference", targetType = "Regression", targetName = "y" }),
            ("/v1/api/workspaces/create", new { workspace_name = long1Mb }),
        })
        {
            using var answer = await hub.Client.PostAsJsonAsync(path, body);
            Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{path}: {answer.StatusCode}");
        }
        var made = await Leaderboards.OfAsync(hub, "regression");
        const string Markup = "<img src=x onerror=alert(1)>";
        using var form = new MultipartFormDataContent
        {
            { new StringContent(made.ProjectId), "project_id" }, { new StringContent(Markup), "name" },
            { new ByteArrayContent(await hub.Client.GetByteArrayAsync($"/api/models/{made.BestId}/artifact")), "file", "model.modelhub" },
        };
        var model = (await hub.Client.PostAsync("/api/models/import", form).JsonAsync(201)).GetProperty("model").GetProperty("id").GetString();
        var page = await hub.Client.GetStringAsync($"/api/models/{model}/report");
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        using var file = await hub.Client.GetAsync($"/api/models/{model}/artifact");
        Assert.Equal("application/octet-stream", file.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition!.DispositionType);
    }

    /// <summary>What a caller may name in an operation: its parameters, and the members of its body however deep.</summary>
    private static IEnumerable<string> Names(JsonElement operation, JsonElement schemas)
    {
        var (names, seen) = (new List<string>(), new HashSet<string>());
        if (operation.TryGetProperty("parameters", out var parameters))
            names.AddRange(parameters.EnumerateArray().Select(p => p.GetProperty("name").GetString()!));
        if (operation.TryGetProperty("requestBody", out var body))
        {
            foreach (var media in body.GetProperty("content").EnumerateObject().Where(m => m.Value.TryGetProperty("schema", out _)))
                Add(media.Value.GetProperty("schema"));
        }
        return names;

        void Add(JsonElement schema)
        {
            if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out var members))
                names.AddRange(members.EnumerateObject().Select(m => m.Name));
            if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("$ref", out var target) && seen.Add(target.GetString()!))
                Add(schemas.GetProperty(target.GetString()!.Split('/')[^1]));
            if (schema.ValueKind is JsonValueKind.Object)
                schema.EnumerateObject().Select(m => m.Value).ToList().ForEach(Add);
            else if (schema.ValueKind is JsonValueKind.Array)
                schema.EnumerateArray().ToList().ForEach(Add);
        }
    }

    /// <summary>A LightGBM model of one split that gives this number and a half for small y.</summary>
    internal static string Leaves(int number) => BrokenFileTests.LightGbm.Replace("objective=binary sigmoid:1", "objective=regression", StringComparison.Ordinal)
        .Replace("leaf_value=0.5 -0.5", $"leaf_value={number}.5 -{number}.5", StringComparison.Ordinal);
}
