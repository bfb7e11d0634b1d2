using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ModelHub.Infrastructure.Sandboxes;

namespace ModelHub.Application.Tests.Sandboxes;

/// <summary>Connections that a program of strangers hands out (X7): one that is none harms nobody.</summary>
public sealed class SandboxLinkTests
{
    [Theory]
    [InlineData("socket.create_connection(('127.0.0.1', port))", true)]
    [InlineData("open('/etc/hostname')", false)]
    [InlineData("socket.socket(socket.AF_UNIX)", false)]
    [InlineData("socket.socketpair()[0]", false)]
    [InlineData("socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", false)]
    [InlineData("socket.create_server(('127.0.0.1', 0))", false)]
    [InlineData("None", false)]
    public async Task Only_connections_are_taken(string made, bool isConnection)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var link = new SandboxLink(Directory.CreateTempSubdirectory("mh-test-").FullName);
        var code = $$"""
            import socket, sys
            port = {{((IPEndPoint)listener.LocalEndpoint).Port}}
            link = socket.socket(socket.AF_UNIX)
            link.connect(sys.argv[1])
            while link.recv(1):
                made = {{made}}
                if made is None: link.send(b"+")
                else: socket.send_fds(link, [b"+"], [made.fileno()])
            """;
        using var program = Process.Start("/usr/bin/python3", ["-c", code, link.Socket]);
        try
        {
            for (var i = 0; i < 2; i++)
            {
                if (!isConnection)
                {
                    await Assert.ThrowsAnyAsync<IOException>(() => link.ConnectAsync(CancellationToken.None));
                    continue;
                }
                await using var stream = await link.ConnectAsync(CancellationToken.None);
                using var other = await listener.AcceptTcpClientAsync();
                await other.GetStream().WriteAsync(new byte[] { 42 });
                Assert.Equal(42, stream.ReadByte());
            }
        }
        finally
        {
            program.Kill();
        }
    }

    [Fact]
    public async Task A_program_that_ends_ends_the_waiting()
    {
        using var link = new SandboxLink(Directory.CreateTempSubdirectory("mh-test-").FullName);
        using var program = Process.Start("/usr/bin/python3", ["-c", "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.recv(1)\n", link.Socket]);
        await Assert.ThrowsAnyAsync<IOException>(() => link.ConnectAsync(CancellationToken.None));
        await Assert.ThrowsAnyAsync<IOException>(() => link.ConnectAsync(CancellationToken.None));
    }
}
