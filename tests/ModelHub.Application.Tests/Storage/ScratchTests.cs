using ModelHub.Application.Storage;

namespace ModelHub.Application.Tests.Storage;

public class ScratchTests
{
    [Fact]
    public void What_a_process_that_is_gone_left_behind_is_removed_and_what_another_still_uses_is_kept()
    {
        var own = Scratch.NewPath();
        File.WriteAllText(own, "mine");
        var (gone, _) = Neighbour("lock");
        var (halfRemoved, _) = Neighbour("rows");
        var (alive, held) = Neighbour("lock", FileShare.None);
        // Processes of other tests sweep, too: it is not asked who was first.
        Scratch.Sweep();
        Assert.False(Directory.Exists(gone));
        Assert.False(Directory.Exists(halfRemoved));
        Assert.True(Directory.Exists(alive));
        Assert.Equal("mine", File.ReadAllText(own));
        held!.Dispose();
        Scratch.Sweep();
        Assert.False(Directory.Exists(alive));
    }

    [Fact]
    public void Names_are_new_and_folders_are_for_this_user_alone()
    {
        var folder = Scratch.NewFolder();
        Assert.True(folder.Exists);
        Assert.NotEqual(Scratch.NewPath(), Scratch.NewPath());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, folder.Parent!.UnixFileMode);
    }

    /// <summary>A folder as another process would have it, with one file, which is open if it is locked.</summary>
    private static (string Folder, FileStream? Held) Neighbour(string file, FileShare? locked = null)
    {
        var made = Directory.CreateTempSubdirectory("modelhub-new-");
        var path = Path.Combine(made.FullName, file);
        File.WriteAllText(path, "");
        var held = locked is { } share ? new FileStream(path, FileMode.Open, FileAccess.ReadWrite, share) : null;
        made.MoveTo(Path.Combine(Path.GetTempPath(), "modelhub-scratch-" + Guid.NewGuid().ToString("N")));
        return (made.FullName, held);
    }
}
