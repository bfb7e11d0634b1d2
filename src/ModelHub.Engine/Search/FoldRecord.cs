using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ModelHub.Engine.Serialization;

namespace ModelHub.Engine.Search;

/// <summary>The bytes of one part in a journal.</summary>
internal static class FoldRecord
{
    private const byte Version = 1;

    /// <summary>Names a part by all that it depends on besides data and the search's options.</summary>
    public static string Name(Trial trial, int fold)
    {
        var said = Version + trial.Learner.Algorithm + JsonSerializer.Serialize(trial.Learner.Parameters) + trial.Upon;
        var digest = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(said)), 0, 6);
        return $"{trial.Number:D4}.{fold:D2}.{digest}";
    }

    public static byte[] Write(FoldResult result)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Version);
        writer.Write(result.Seconds);
        writer.Write(result.Loss);
        writer.Write(result.History.Count);
        foreach (var step in result.History)
        {
            writer.Write(step.Step);
            writer.Write(step.Steps);
            writer.Write(step.TrainingLoss);
            writer.Write(step.ValidationLoss);
        }
        var failure = Encoding.UTF8.GetBytes(result.Failure ?? "");
        writer.Write(failure.Length);
        writer.Write(failure);
        if (result.Model is not null)
            ModelCodec.Write(writer, result.Model);
        writer.Flush();
        return stream.ToArray();
    }

    /// <exception cref="EngineException">The bytes are no part, or one of another version.</exception>
    public static FoldResult Read(byte[] bytes)
    {
        var reader = new ArtifactReader(bytes);
        if (reader.ReadByte() != Version)
            throw new EngineException("The journal was written by another version.");
        var (seconds, loss) = (reader.ReadDouble(), reader.ReadDouble());
        var history = new FitStep[reader.ReadCount(reader.Left)];
        for (var i = 0; i < history.Length; i++)
        {
            history[i] = new FitStep(
                reader.ReadInt(), reader.ReadInt(), reader.ReadDouble(), reader.ReadDouble());
        }
        var failure = Encoding.UTF8.GetString(reader.Take(reader.ReadCount(reader.Left)));
        return new FoldResult(reader.Left > 0 ? ModelCodec.Read(reader) : null, failure.Length > 0 ? failure : null, seconds, loss, history);
    }
}
