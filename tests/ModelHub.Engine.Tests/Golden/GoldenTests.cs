using System.Diagnostics;
using ModelHub.Engine.Inference;
using ModelHub.Engine.Numerics;

namespace ModelHub.Engine.Tests.Golden;

public sealed class GoldenTests
{
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden");

    /// <summary>Predictions to the last bit; contributions are sums of many terms, whose order a version may change.</summary>
    [Fact]
    public void The_kept_artifact_predicts_the_bits_it_was_written_with()
    {
        var model = TrainedModel.FromArtifact(File.ReadAllBytes(Path.Combine(Folder, GoldenArtifact.Name + ".mhm")));
        var kept = File.ReadAllLines(Path.Combine(Folder, GoldenArtifact.Name + ".txt")).Select(line => line.Split(' ')).ToList();
        var now = GoldenArtifact.Predictions(model).Select(line => line.Split(' ')).ToList();
        Assert.Equal(kept.Select(row => string.Join(' ', row[..2])), now.Select(row => string.Join(' ', row[..2])));
        Assert.Equal(kept.SelectMany(Contributions), now.SelectMany(Contributions), (a, b) => Math.Abs(a - b) <= 1e-14);

        static IEnumerable<double> Contributions(string[] row) =>
            row[2..].Select(bits => BitConverter.UInt64BitsToDouble(Convert.ToUInt64(bits, 16)));
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX2", "0")]
    [InlineData("DOTNET_EnableHWIntrinsic", "0")]
    public void A_process_with_other_instructions_computes_the_same_bits(string variable, string value)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } self && Path.GetFileNameWithoutExtension(self) == "dotnet" ? self : "dotnet")
        {
            RedirectStandardOutput = true,
            ArgumentList = { typeof(GoldenTests).Assembly.Location, "digest" },
        };
        start.Environment[variable] = value;
        using var child = Process.Start(start)!;
        var theirs = child.StandardOutput.ReadToEnd().Trim();
        child.WaitForExit();
        Assert.Equal(0, child.ExitCode);
        Assert.Equal(Digest.Everything(), theirs, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public void The_switch_to_scalar_kernels_changes_no_bit()
    {
        var ours = Digest.Everything();
        AppContext.SetSwitch(KernelSelector.ScalarSwitch, true);
        try
        {
            Assert.Equal(Kernel.Scalar, KernelSelector.Best);
            Assert.Equal(ours, Digest.Everything());
        }
        finally
        {
            AppContext.SetSwitch(KernelSelector.ScalarSwitch, false);
        }
    }
}
