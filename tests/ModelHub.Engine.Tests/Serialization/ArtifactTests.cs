using System.Security.Cryptography;
using ModelHub.Engine.Data;
using ModelHub.Engine.Ensembles;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;
using ModelHub.Engine.Preparation;
using ModelHub.Engine.Tests.Inference;

namespace ModelHub.Engine.Tests.Serialization;

public class ArtifactTests
{
    private static readonly RandomForests Shape = new() { Trees = 5, Leaves = 8, Cardinalities = [0, 4, 0] };

    [Fact]
    public void A_model_comes_back_with_the_same_bytes_and_the_same_bits()
    {
        var model = Make();
        var bytes = model.ToArtifact();
        Assert.Equal(bytes, Make().ToArtifact());
        var back = TrainedModel.FromArtifact(bytes);
        Assert.Equal(bytes, back.ToArtifact());
        var row = new float[] { 0.5f, 2, float.NaN };
        var (ours, theirs) = (new double[1], new double[1]);
        model.Model.Score(row, ours);
        back.Model.Score(row, theirs);
        Assert.Equal(ours, theirs);
    }

    [Fact]
    public void Every_flipped_byte_is_found()
    {
        var bytes = Make().ToArtifact();
        for (var at = 0; at < bytes.Length; at += 7)
        {
            bytes[at] ^= 0x10;
            Assert.Throws<EngineException>(() => TrainedModel.FromArtifact(bytes));
            bytes[at] ^= 0x10;
        }
    }

    [Fact]
    public void Hostile_bytes_with_a_right_checksum_give_a_clear_error_or_a_model()
    {
        var original = Make().ToArtifact();
        var random = new SeededRandom(17);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = original[..(random.Below(10) == 0 ? 40 + random.Below(original.Length - 40) : original.Length)];
            for (var k = random.Below(4); k >= 0; k--)
                bytes[8 + random.Below(bytes.Length - 40)] = random.Below(3) switch { 0 => 255, 1 => 127, _ => (byte)random.Next() };
            SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32)).CopyTo(bytes.AsSpan(bytes.Length - 32));
            var failure = Record.Exception(() => TrainedModel.FromArtifact(bytes));
            Assert.True(failure is null or EngineException, failure?.ToString());
        }
    }

    private static TrainedModel Make()
    {
        var inputs = new InputColumn[]
        {
            new("x", ColumnKind.Numeric, Encoding.Number, null, -5, 5, 0, 0.1),
            new("colour", ColumnKind.Category, Encoding.Category, ["a", "b", "c", "d"], null, null, null, 0),
            new("y", ColumnKind.Numeric, Encoding.Number, null, -5, 5, 0, 0.1),
        };
        return new TrainedModel(new ModelHeader("GBM", TaskKind.Binary, "target", ["no", "yes"], 0.5, inputs), Blend.Mean([Shape.Draw(1), Shape.Draw(2)]));
    }
}
