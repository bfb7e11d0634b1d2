#!/usr/bin/env python3
"""Latency at a fixed rate (an open loop): requests are due at fixed times whether or not earlier ones were answered, and each is timed from when it was due.

usage: pace.py --url URL --key KEY --data FILE.csv --target NAME [--model xgboost.json] [--rate N] [--seconds 8] [--connections 32]
Without --rate wrk finds the most that the deployment answers; then it is asked at half of that rate. Both p99 are of the same run."""
import argparse, asyncio, os, time
import hub as h


async def paced(address, key, kind, body, rate, seconds, connections):
    """Latencies in seconds, in order of size, and answers that were none."""
    host, _, path = address.removeprefix("http://").partition("/")
    name, port = host.split(":")
    request = (f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
    took, bad, start = [], 0, time.perf_counter() + 0.2
    due = iter(range(int(rate * seconds)))

    async def client():
        nonlocal bad
        reader, writer = await asyncio.open_connection(name, int(port))
        for number in due:
            at = start + number / rate
            if (wait := at - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            writer.write(request)
            top = await reader.readuntil(b"\r\n\r\n")
            lower = top.lower()
            if b"content-length:" in lower:
                await reader.readexactly(int(lower.split(b"content-length:")[1].split(b"\r\n")[0]))
            else:
                while size := int(await reader.readline(), 16):
                    await reader.readexactly(size + 2)
                await reader.readline()
            took.append(time.perf_counter() - at)
            bad += not top.startswith(b"HTTP/1.1 200")
        writer.close()
    await asyncio.gather(*(client() for _ in range(connections)))
    return sorted(took), bad


def quantile(values, q):
    return values[min(len(values) - 1, int(q * len(values)))]


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("url", "key", "data", "target"):
        p.add_argument("--" + name, required=True)
    p.add_argument("--model"); p.add_argument("--rate", type=float); p.add_argument("--seconds", type=int, default=8); p.add_argument("--connections", type=int, default=32)
    a = p.parse_args()
    hub = h.Hub(a.url, a.key)
    of, _ = h.bodies(a.data, a.target)
    named, _, csv = of(1)
    for model, id in hub.models(a.data, a.target, a.model):
        address = hub.address(hub.deployed(id))
        for form, kind, body in (("JSON", "application/json", named), ("CSV", "text/csv", csv)):
            h.wrk(a.key, address, kind, body, a.connections, 3)
            most, _, full, bad = h.wrk(a.key, address, kind, body, a.connections, a.seconds)
            rate = a.rate or most / 2
            took, none = asyncio.run(paced(address, a.key, kind, body.encode(), rate, a.seconds, a.connections))
            half = quantile(took, 0.99) * 1e6
            print(f"{model:24} {form:4} most {most:.0f} req/s, p99 {full} us; at {len(took) / a.seconds:.0f} req/s p50 {quantile(took, 0.5) * 1e6:.0f} us, p99 {half:.0f} us: "
                  f"{full / half:.1f} times; {bad + none} bad; load {os.getloadavg()[0]:.1f}", flush=True)
