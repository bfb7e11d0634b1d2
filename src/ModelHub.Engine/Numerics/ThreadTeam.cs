using System.Runtime.ExceptionServices;

namespace ModelHub.Engine.Numerics;

/// <summary>
/// Threads that work on one thing together, the caller being member 0. A fit has thousands of very short parallel steps, so members
/// spin for a moment before they sleep, and every member gets its share without a scheduler in between.
/// One caller at a time; not re-entrant.
/// </summary>
public sealed class ThreadTeam : IDisposable
{
    public const int MaxSize = 256;
    private readonly Worker[] _workers;
    private volatile Action<int>? _body;
    private volatile int _epoch;
    private int _running;
    private volatile bool _closed;
    private ExceptionDispatchInfo? _failure;

    public ThreadTeam(int size)
    {
        Size = Math.Clamp(size, 1, MaxSize);
        _workers = new Worker[Size - 1];
        for (var i = 0; i < _workers.Length; i++)
            _workers[i] = new Worker(this, i + 1);
    }

    public int Size { get; }

    /// <summary>Runs the body once for each member 0..Size-1, and returns when all are done; the first exception is thrown again.</summary>
    public void Run(Action<int> body)
    {
        if (_workers.Length == 0)
        {
            body(0);
            return;
        }
        _failure = null;
        _body = body;
        Volatile.Write(ref _running, _workers.Length);
        Interlocked.Increment(ref _epoch);
        foreach (var worker in _workers)
            worker.Wake();
        Guarded(body, 0);
        var spinner = new SpinWait();
        while (Volatile.Read(ref _running) > 0)
            spinner.SpinOnce(sleep1Threshold: -1);
        _failure?.Throw();
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

    /// <summary>Runs the body for 0..count-1, each once, on whichever member is free. Results must not depend on who runs what.</summary>
    public void For(int count, Action<int, int> body)
    {
        if (count <= 0)
            return;
        if (_workers.Length == 0 || count == 1)
        {
            for (var i = 0; i < count; i++)
                body(i, 0);
            return;
        }
        var next = -1;
        Run(member =>
        {
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
                body(i, member);
        });
    }

    /// <summary>Runs the body over [start, end) blocks of a fixed size: the blocks are the same for any number of threads.</summary>
    public void Blocks(int count, int blockSize, Action<int, int> body)
        => For((int)(((long)count + blockSize - 1) / blockSize), (block, _) =>
        {
            var start = block * blockSize;
            body(start, Math.Min(count, start + blockSize));
        });

    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        Interlocked.Increment(ref _epoch);
        foreach (var worker in _workers)
            worker.Wake();
    }

    private void Guarded(Action<int> body, int member)
    {
        try
        {
            body(member);
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
        }
    }

    private sealed class Worker
    {
        private readonly ThreadTeam _team;
        private readonly int _member;
        private readonly SemaphoreSlim _wake = new(0);
        private int _asleep;

        public Worker(ThreadTeam team, int member)
        {
            _team = team;
            _member = member;
            new Thread(Work) { IsBackground = true, Name = $"ModelHub fit {member}" }.Start();
        }

        public void Wake()
        {
            if (Interlocked.Exchange(ref _asleep, 0) == 1)
                _wake.Release();
        }

        private void Work()
        {
            var seen = 0;
            while (true)
            {
                for (var i = 0; i < 400 && _team._epoch == seen; i++)
                    Thread.SpinWait(8);
                // A signal may be late and belong to work that is done already: only a new epoch is new work.
                while (_team._epoch == seen)
                    Sleep(seen);
                seen = _team._epoch;
                if (_team._closed)
                    return;
                _team.Guarded(_team._body!, _member);
                Interlocked.Decrement(ref _team._running);
            }
        }

        private void Sleep(int seen)
        {
            Interlocked.Exchange(ref _asleep, 1);
            // Work may have come between the last look and going to sleep; whoever takes the flag down decides whether there is a signal.
            if (_team._epoch == seen || Interlocked.Exchange(ref _asleep, 0) == 0)
                _wake.Wait();
        }
    }
}
