using System.Runtime.InteropServices;

namespace ModelHub.Infrastructure.Sandboxes;

/// <summary>Signals to processes, by Linux's numbers.</summary>
internal static class ProcessSignal
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    public static void Send(int pid, int signal) => _ = SendSignal(pid, signal); // gone already is fine

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int pid, int signal);
}
