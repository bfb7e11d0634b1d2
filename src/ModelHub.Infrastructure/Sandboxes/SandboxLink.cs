using System.Net.Sockets;
using System.Runtime.InteropServices;
using ModelHub.Application.Sandboxes;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>
/// A Unix socket that one program in a sandbox connects to. For every byte that it is sent, it answers <c>+</c> with an open connection beside it
/// (SCM_RIGHTS, unix(7)), or <c>-</c>. It is a stranger's: whatever it hands out that is no connection is closed again.
/// </summary>
internal sealed partial class SandboxLink : ISandboxLink
{
    private const int CloseOnExec = 0x40000000;
    private const int AtOnce = 0x40;
    private const int Interrupted = 4;
    private const int NoneYet = 11;

    /// <summary>Room for the head of a control message and one descriptor, on 64 bits; the kernel closes what has no room.</summary>
    private const int ControlBytes = 24;
    private const int DescriptorAt = 16;
    private static readonly byte[] Wanted = [(byte)'?'];
    private readonly string _folder;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private Socket? _program;

    /// <param name="folder">Empty, and for nobody else to look into.</param>
    public SandboxLink(string folder)
    {
        _folder = folder;
        _listener.Bind(new UnixDomainSocketEndPoint(Socket));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Socket, (UnixFileMode)0b110_110_110);
        _listener.Listen(1);
    }

    public string Socket => Path.Combine(_folder, "link");

    public async Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (_program is null)
            {
                _program = await _listener.AcceptAsync(cancellation);
                _listener.Dispose();
            }
            // Once asked, the answer is waited for, or the next one would get it; a program that gives none is killed, and the socket closes.
            await _program.SendAsync(Wanted, CancellationToken.None);
            SafeSocketHandle? made;
            do
                await _program.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
            while ((made = Receive(_program)) is null);
            return new NetworkStream(Opened(made), ownsSocket: true);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            throw new IOException("The program in the sandbox gives no connections any more.", gone);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _program?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static Socket Opened(SafeSocketHandle handle)
    {
        try
        {
            var socket = new Socket(handle);
            if (socket is not { AddressFamily: AddressFamily.InterNetwork, SocketType: SocketType.Stream, Connected: true })
                throw new IOException("The program in the sandbox gave something else than a connection.");
            // Closing must never wait, whatever was set on it before.
            socket.LingerState = new LingerOption(false, 0);
            return socket;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Null when there is no answer yet: the waiting ends at any event of the socket.</summary>
    private static unsafe SafeSocketHandle? Receive(Socket program)
    {
        byte said;
        var control = stackalloc byte[ControlBytes];
        var part = new Part { Bytes = (nint)(&said), Length = 1 };
        var message = new Message { Parts = (nint)(&part), PartCount = 1, Control = (nint)control, ControlLength = ControlBytes };
        nint read;
        do
            read = ReceiveMessage(program.SafeHandle, ref message, CloseOnExec | AtOnce);
        while (read < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        if (read < 0 && Marshal.GetLastPInvokeError() == NoneYet)
            return null;
        if (read != 1 || message.ControlLength < DescriptorAt + sizeof(int))
            throw new IOException(read == 1 ? "Nothing listens at the port in the sandbox." : "The program in the sandbox is gone.");
        return new SafeSocketHandle(*(int*)(control + DescriptorAt), ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeSocketHandle socket, ref Message message, int flags);

    private struct Part
    {
        public nint Bytes;
        public nint Length;
    }

    private struct Message
    {
        public nint Name;
        public nint NameLength;
        public nint Parts;
        public nint PartCount;
        public nint Control;
        public nint ControlLength;
        public nint Flags;
    }
}
