#!/usr/bin/env python3
"""A Parquet file of 1,000,000 x 28 doubles through models and back as Parquet, against DuckDB alone reading that file; interleaved, medians.

usage: parquet.py --url URL --key KEY --library libduckdb.so [--model xgboost.json] [--rows 1000000] [--rounds 3]
--library is what ./modelhub natives has fetched (data/natives). The file is made with DuckDB, zstd and Snappy, and comes back with all of its columns and
with none. Beside the clock stand the processor seconds, of the hub and its reading process together and of DuckDB alone: on a busy machine those say more.
A leaderboard is trained on 20,000 rows; with --model (whose 28 features are named anew) only its linear model stands beside that file's."""
import argparse, ctypes, os, subprocess, sys, time, urllib.parse
import hub as h

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "library"):
    p.add_argument("--" + name, required=True)
p.add_argument("--model"); p.add_argument("--rows", type=int, default=1_000_000); p.add_argument("--rounds", type=int, default=3)
a = p.parse_args()
hub = h.Hub(a.url, a.key)


class Result(ctypes.Structure):
    _fields_ = [("fields", ctypes.c_void_p * 6)]


class Duck:
    def __init__(self):
        self.lib, self.db, self.con = ctypes.CDLL(a.library), ctypes.c_void_p(), ctypes.c_void_p()
        self.lib.duckdb_open(None, ctypes.byref(self.db))
        self.lib.duckdb_connect(self.db, ctypes.byref(self.con))
        self.lib.duckdb_result_error.restype = ctypes.c_char_p
        self.run("set threads=2")

    def run(self, sql):
        """Seconds of the clock and of the processor."""
        result, start, spent = Result(), time.perf_counter(), time.process_time()
        if self.lib.duckdb_query(self.con, sql.encode(), ctypes.byref(result)):
            sys.exit(self.lib.duckdb_result_error(ctypes.byref(result)).decode())
        taken = time.perf_counter() - start, time.process_time() - spent
        self.lib.duckdb_destroy_result(ctypes.byref(result))
        return taken


def process():
    """The hub's, by its port."""
    port = str(urllib.parse.urlparse(a.url).port)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = open(f"/proc/{pid}/cmdline").read().split("\0")
        except OSError:
            continue
        if port in words and any(w.endswith("modelhub.dll") for w in words):
            return pid
    sys.exit("No hub runs at that port.")


def spent(pid):
    """Processor seconds of a process and of those of its children that have ended."""
    return sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:15])) / os.sysconf("SC_CLK_TCK")


def batch(model, file, columns):
    before = spent(pid)
    command = ["curl", "-sS", "-T", file, "-X", "POST", "-H", "Expect:", "-H", f"Authorization: Bearer {a.key}", "-H", "Content-Type: application/vnd.apache.parquet",
               "-H", "Accept: application/vnd.apache.parquet", "-o", os.path.join(h.WORK, "out.parquet"), "-w", "%{http_code} %{time_total}",
               f"{a.url}/api/models/{model}/predict/batch?passthrough_columns={columns}"]
    status, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    time.sleep(0.3)  # until the reading process is counted
    return (float(seconds), spent(pid) - before) if status == "200" else sys.exit(f"status {status}")


pid, duck = process(), Duck()
features = ", ".join(f"sin(i * {1.1 + k * 0.37} + {k}) * {1 + k} + random() AS f{k:02d}" for k in range(28))
source = f"SELECT *, CASE WHEN f00 + f01 * f02 - f03 + 2 * random() > 1 THEN 1 ELSE 0 END AS label FROM (SELECT {features} FROM range({a.rows}) t(i))"
files = {packing: os.path.join(h.WORK, f"{packing}.parquet") for packing in ("zstd", "snappy")}
for packing, file in files.items():
    duck.run("SELECT setseed(0.5)")
    duck.run(f"COPY (SELECT COLUMNS('f.*') FROM ({source})) TO '{file}' (FORMAT parquet, COMPRESSION {packing})")
duck.run(f"COPY (SELECT * FROM ({source}) LIMIT 20000) TO '{h.WORK}/rows.csv' (FORMAT csv, HEADER)")
models = hub.models(h.WORK + "/rows.csv", "label")
if a.model:
    models = [m for m in models if "GLM" in m[0]][:1] + hub.models(h.WORK + "/rows.csv", "label", a.model)
for model, id in models:
    for packing, file in files.items():
        alone, took = [], {"all": [], "none": []}
        for turn in range(a.rounds + 1):  # the first warms up and is thrown away
            alone.append(duck.run(f"select sum(columns(*)) from read_parquet('{file}')"))
            for columns in took:
                took[columns].append(batch(id, file, columns))
        least, own = (h.median(r[i] for r in alone[1:]) for i in (0, 1))
        for columns, runs in took.items():
            seconds, used = (h.median(r[i] for r in runs[1:]) for i in (0, 1))
            print(f"{model:24} {packing:6} {os.path.getsize(file) >> 20:4} MB, {columns:4} columns back: DuckDB alone {least:.2f} s ({own:.2f} s of processor), "
                  f"batch {seconds:.2f} s ({used:.2f} s), {least / seconds:.2f} of DuckDB's rate; load {os.getloadavg()[0]:.1f}", flush=True)
