using System.Runtime.ExceptionServices;

namespace ModelHub.Engine.Numerics;

/// <summary>
/// Threads that work on one thing together. Parallel.For may run two items on one thread; here every member gets its own. Work is cut
/// by what it is, not by who does it, wherever the order of additions would show in a result.
/// </summary>
public sealed class ThreadTeam : IDisposable
{
    private readonly Thread[] _threads;
    private readonly ManualResetEventSlim[] _start;
    private readonly CountdownEvent _done;
    private Action<int>? _work;
    private Exception? _failure;
    private volatile bool _disposed;

    public ThreadTeam(int size)
    {
        Size = Math.Max(1, size);
        _threads = new Thread[Size - 1];
        _start = new ManualResetEventSlim[Size - 1];
        _done = new CountdownEvent(Math.Max(1, Size - 1));
        for (var i = 0; i < _threads.Length; i++)
        {
            var member = i;
            _start[i] = new ManualResetEventSlim(false, spinCount: 200);
            _threads[i] = new Thread(() => Live(member)) { IsBackground = true, Name = "engine " + (member + 1) };
            _threads[i].Start();
        }
    }

    public int Size { get; }

    /// <summary>Runs <paramref name="work"/> once per member, with its number; returns when all are done.</summary>
    public void Run(Action<int> work)
    {
        if (Size == 1)
        {
            work(0);
            return;
        }
        _work = work;
        _failure = null;
        _done.Reset();
        foreach (var start in _start)
            start.Set();
        try
        {
            work(0);
        }
        finally
        {
            _done.Wait();
        }
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    /// <summary>Cuts 0..count into one run of neighbours per member; few items stay with the caller.</summary>
    public void Split(int count, int least, Action<int, int> work)
    {
        if (Size == 1 || count < least)
        {
            work(0, count);
            return;
        }
        Run(member => work((int)((long)count * member / Size), (int)((long)count * (member + 1) / Size)));
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (var start in _start)
            start.Set();
        foreach (var thread in _threads)
            thread.Join();
        foreach (var start in _start)
            start.Dispose();
        _done.Dispose();
    }

    private void Live(int member)
    {
        while (true)
        {
            _start[member].Wait();
            _start[member].Reset();
            if (_disposed)
                return;
            try
            {
                _work!(member + 1);
            }
            catch (Exception failure)
            {
                Interlocked.CompareExchange(ref _failure, failure, null);
            }
            finally
            {
                _done.Signal();
            }
        }
    }
}
