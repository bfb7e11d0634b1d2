using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelHub.Infrastructure.Natives.Parquet;

/// <summary>
/// Memory of this process and the reading one. It has no name that others could find, and its size is sealed: whatever the reading process does to
/// it, touching it is safe here.
/// </summary>
internal sealed unsafe partial class SharedSlots : IDisposable
{
    private const int CloseOnExec = 1;
    private const int AllowSealing = 2;
    private const int AddSeals = 1033;
    private const int SealSealShrinkGrow = 1 | 2 | 4;
    private readonly SafeFileHandle _file;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private bool _isDisposed;

    private SharedSlots(SafeFileHandle file, long bytes)
    {
        _file = file;
        _map = MemoryMappedFile.CreateFromFile(file, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, bytes, MemoryMappedFileAccess.ReadWrite);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        Start = start;
    }

    public byte* Start { get; }

    /// <summary>Where the reading process finds it.</summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{_file.DangerousGetHandle()}";

    /// <exception cref="IOException">The system does not give it.</exception>
    public static SharedSlots Create(long bytes)
    {
        var file = new SafeFileHandle(CreateMemory("modelhub-rows", CloseOnExec | AllowSealing), ownsHandle: true);
        if (file.IsInvalid)
            throw new IOException($"There is no shared memory ({Marshal.GetLastPInvokeError()}).");
        RandomAccess.SetLength(file, bytes);
        if (Control(file, AddSeals, SealSealShrinkGrow) != 0)
            throw new IOException($"Shared memory cannot be sealed ({Marshal.GetLastPInvokeError()}).");
        return new SharedSlots(file, bytes);
    }

    public static SharedSlots Open(string path, long bytes) => new(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite), bytes);

    /// <summary>Keeps the memory where it is until as many calls of <see cref="LetGo"/>, even when it is disposed before.</summary>
    public void Hold()
    {
        byte* same = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref same);
    }

    public void LetGo() => _view.SafeMemoryMappedViewHandle.ReleasePointer();

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        LetGo();
        _view.Dispose();
        _map.Dispose();
        _file.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateMemory(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int value);
}
