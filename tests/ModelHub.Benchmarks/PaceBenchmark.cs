using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace ModelHub.Benchmarks;

/// <summary>
/// Asks an address at a fixed rate, whether or not earlier requests were answered (an open loop): each is timed from when it was due, so
/// that a server which falls behind is seen to. One thread per connection; the body is a file.
/// </summary>
internal static class PaceBenchmark
{
    public static int Run(Arguments args)
    {
        var address = new Uri(args.Text("url"));
        var (rate, seconds, connections) = (args.Number("rate", 1000), args.Number("seconds", 8), args.Number("connections", 32));
        var body = File.ReadAllBytes(args.Text("body"));
        var head = $"POST {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nAuthorization: Bearer {args.Text("key")}\r\n"
            + $"Content-Type: {args.Text("type")}\r\nContent-Length: {body.Length}\r\n\r\n";
        byte[] request = [.. Encoding.ASCII.GetBytes(head), .. body];
        var start = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 5;
        var found = new (List<double> Took, int Bad)[connections];
        var threads = Enumerable.Range(0, connections).Select(at => new Thread(() => found[at] = Ask(address, request, start, at, rate, seconds, connections))).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());
        var took = found.SelectMany(f => f.Took).Order().ToList();
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            asked = took.Count, bad = found.Sum(f => f.Bad), p50_us = took[took.Count / 2], p99_us = took[took.Count * 99 / 100], most_us = took[^1],
        }));
        return 0;
    }

    private static (List<double> Took, int Bad) Ask(Uri address, byte[] request, long start, int at, int rate, int seconds, int connections)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(address.Host, address.Port);
        var answer = new byte[1 << 16];
        var took = new List<double>(rate * seconds / connections + 1);
        var bad = 0;
        for (long number = at; number < (long)rate * seconds; number += connections)
        {
            var due = start + number * Stopwatch.Frequency / rate;
            // A thread sleeps no shorter than this; who is early by less than that asks at once, and is timed from then.
            while (due - Stopwatch.GetTimestamp() > Stopwatch.Frequency / 1000)
                Thread.Sleep(1);
            var began = Math.Min(due, Stopwatch.GetTimestamp());
            socket.Send(request);
            bad += Receive(socket, answer).StartsWith("HTTP/1.1 200"u8) ? 0 : 1;
            took.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
        }
        return (took, bad);
    }

    /// <summary>Reads one answer, of a told length or in chunks.</summary>
    private static ReadOnlySpan<byte> Receive(Socket socket, byte[] answer)
    {
        for (var length = 0; ;)
        {
            var read = socket.Receive(answer.AsSpan(length));
            if (read == 0)
                throw new IOException("The connection was closed.");
            length += read;
            var text = answer.AsSpan(0, length);
            var head = text.IndexOf("\r\n\r\n"u8);
            if (head < 0)
                continue;
            var told = text[..head].IndexOf("Content-Length: "u8);
            var whole = told < 0 ? text.EndsWith("\r\n0\r\n\r\n"u8)
                : length >= head + 4 + int.Parse(text[(told + 16)..(told + 16 + text[(told + 16)..].IndexOf((byte)'\r'))], System.Globalization.CultureInfo.InvariantCulture);
            if (whole)
                return text;
        }
    }
}
