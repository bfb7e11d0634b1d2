#!/usr/bin/env python3
"""What a neighbour of hostile clients notices: single rows at a steady rate alone, and beside each kind of attack on another deployment of the same
process, in turns, of which medians count. What attackers are answered is counted, and how much the process grew.

usage: hostile.py --url URL --key KEY --pid PID --data FILE.csv --target NAME --model xgboost.json [--seconds 5] [--only line,slow] [--slow 1000] [--rounds 5] [--cost 100]
Attackers pause for 50 ms between attempts: they share the processors with what is measured, and are to be hostile, not merely many. They stand for
other machines, so what they do themselves (not what the hub does for them) yields to the hub and to what measures it: they are nice.
Rounds in which the host took the processors away for more than some 20 ms (steal in /proc/stat) tell of the host: they are done again, up to five times as
many in all, and if that does not do, those with the least of it count.
With --cost, nobody is beside them: what so many attempts of each kind cost the hub, in milliseconds of a processor each, which other load hardly moves."""
import argparse, collections, gzip, os, socket, statistics, struct, threading, time
import hub as h

MB = 1 << 20
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "data", "target", "model"):
    p.add_argument("--" + name, required=True)
p.add_argument("--pid", type=int, required=True); p.add_argument("--seconds", type=int, default=5); p.add_argument("--only"); p.add_argument("--slow", type=int, default=1000)
p.add_argument("--rounds", type=int, default=5); p.add_argument("--cost", type=int, default=0)
a = p.parse_args()
hub = h.Hub(a.url, a.key)
id = hub.models(a.data, a.target, a.model)[0][1]
neighbour, attacked = hub.address(hub.deployed(id)), hub.address(hub.deployed(id))[len(a.url):]
body, block = h.bodies(a.data, a.target)[0](1)[2], h.bodies(a.data, a.target)[0](1000)[2].encode()
place = a.url.removeprefix("http://").split(":")
done, answers = threading.Event(), collections.Counter()


def connect(parts, length=None, kind="text/csv", extra=""):
    connection = socket.create_connection((place[0], int(place[1])), timeout=60)
    size = f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
    connection.sendall(f"POST {attacked} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {a.key}\r\nContent-Type: {kind}\r\n{extra}{size}\r\n\r\n".encode())
    try:
        for part in parts:
            connection.sendall(part if length else b"%x\r\n%s\r\n" % (len(part), part))
        if not length:
            connection.sendall(b"0\r\n\r\n")
    except OSError:
        pass  # refused while it was sending: what was answered is read by heard()
    return connection


def heard(connection):
    try:
        with connection:
            return connection.recv(64)[9:12].decode() or "cut"
    except OSError:
        return "cut"


def whole(content, **more):
    return lambda: heard(connect([content], len(content), **more))


def half():
    connection = connect([block], 10 * len(block))
    connection.shutdown(socket.SHUT_WR)
    return heard(connection)


def vanish():
    connection = connect([block], 10 * len(block))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return "gone"


wide = ",".join(f"c{i}" for i in range(1_000_000)).encode() + b"\n"
packed = gzip.compress(block)
line = b"1" * MB
attacks = {
    "a million columns": whole(wide + wide),
    "a line of 1 GB": lambda: heard(connect(line for _ in range(1024))),
    "a JSON number of 1 GB": lambda: heard(connect(([b'[{"f00": '] + [line] * 1024), kind="application/json")),
    "UTF-16": whole(block.decode().encode("utf-16")),
    "brotli": whole(block, extra="Content-Encoding: br\r\n"),
    "damaged gzip": whole(packed[:200] + b"\0" * 50 + packed[250:], extra="Content-Encoding: gzip\r\n"),
    "gzip that grows 1,000 times": whole(gzip.compress(body.split("\n")[0].encode() + b"\n" * (64 * MB)), extra="Content-Encoding: gzip\r\n"),
    "closed on one side": half,
    "gone in the middle": vanish,
}


def attack(once):
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)  # of this thread alone
    while not done.is_set():
        try:
            answers[once()] += 1
        except OSError:
            answers["cut"] += 1
        done.wait(0.05)


def slow():
    """A third with headers that do not end, a third with bodies that do not come, a third that do not read; the process ends them."""
    held = []
    for i in range(a.slow):
        if i % 3:
            connection = connect([] if i % 3 == 1 else [block], 10 * len(block) if i % 3 == 1 else len(block))
        else:
            connection = socket.create_connection((place[0], int(place[1])))
            connection.sendall(f"POST {attacked} HTTP/1.1\r\nHost: x\r\n".encode())
        held.append(connection)
    time.sleep(5)  # what they did send is answered: from here on they are slow, not many
    return held


def measure():
    return h.wrk(a.key, neighbour, "text/csv", body, 8, a.seconds, 8)


def beside(once):
    """What the neighbour had while it went on, and by how many MB the process grew."""
    done.clear()
    with h.Growth(a.pid) as growth:
        attacker = threading.Thread(target=attack, args=(once,)) if once else None
        held = [] if once else slow()
        if attacker:
            attacker.start()
        found = measure()
    done.set()
    if attacker:
        attacker.join()
    for connection in held:
        connection.close()
    return found, growth.most


def stolen():
    """Ticks for which something here wanted a processor that the host gave to somebody else."""
    return int(open("/proc/stat").readline().split()[8])


def round_of(once):
    """What the host took meanwhile, the neighbour's p99 alone, and what it had beside an attacker."""
    before = stolen()
    alone = measure()[2]
    found = beside(once)
    return stolen() - before, alone, *found


def spent():
    """Milliseconds of a processor that the hub has had."""
    return sum(map(int, open(f"/proc/{a.pid}/stat").read().rsplit(")", 1)[1].split()[11:13])) * 1000 / os.sysconf("SC_CLK_TCK")


def cost(name, once):
    count = 3 if "1 GB" in name else a.cost
    for _ in range(count):
        once()  # until the code is compiled for good
    before = spent()
    said = collections.Counter(once() for _ in range(count))
    print(f"{name:28} {(spent() - before) / count:6.1f} ms each; answered: {dict(said)}", flush=True)


for name, once in attacks.items() if a.cost else ():
    if not a.only or any(word in name for word in a.only.split(",")):
        cost(name, once)
if a.cost:
    raise SystemExit
measure()
for name, once in list(attacks.items()) + [(f"{a.slow} slow clients", None)]:
    if a.only and not any(word in name for word in a.only.split(",")):
        continue
    for _ in range(2):
        beside(once)  # until what it asks for is compiled for good, which would take the processors longer than the attack does
    answers.clear()
    tried = []
    while len(tried) < 5 * a.rounds and sum(r[0] <= 2 for r in tried) < a.rounds:
        tried.append(round_of(once))
    rounds = sorted(tried, key=lambda r: r[0])[:a.rounds]
    alone, p50, p99 = (statistics.median(each) for each in ([r[1] for r in rounds], [r[2][1] for r in rounds], [r[2][2] for r in rounds]))
    said = ", ".join(f"{count} {what}" for what, count in sorted(answers.items()))
    print(f"{name:28} {min(r[2][0] for r in rounds):6.0f} req/s  p50 {p50:6.0f} us  p99 {p99:7.0f} us, alone {alone:7.0f}: {p99 / alone:4.1f} times"
          f"  {sum(r[2][3] for r in tried)} bad; grew by {max(r[3] for r in tried):4.0f} MB; answered: {said or '-'}; {len(rounds)} of {len(tried)} rounds, at most {rounds[-1][0]}0 ms stolen; load {os.getloadavg()[0]:.1f}", flush=True)
