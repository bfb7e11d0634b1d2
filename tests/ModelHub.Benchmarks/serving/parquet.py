#!/usr/bin/env python3
"""A Parquet file of 1,000,000 x 28 doubles through models and back as Parquet, against DuckDB alone reading that file; interleaved, medians.

usage: parquet.py --url URL --key KEY --library libduckdb.so [--data FILE.csv --target NAME] [--model xgboost.json] [--rows 1000000] [--rounds 3] [--warm 5]
DuckDB alone reads twice: into 28 arrays of floats, as any program that wants the rows must (its own threads decode all, the caller copies), and as the sum of
every column, of which nothing comes out. With --data the file is made of that CSV, else of sines with noise, which hardly pack.
--library is what ./modelhub natives has fetched (data/natives). The file is made with DuckDB, zstd and Snappy, and comes back with all of its columns and
with none. Beside the clock stand the processor seconds, of the hub and its reading process together and of DuckDB alone: on a busy machine those say more.
A leaderboard is trained on 20,000 rows; with --model (whose 28 features are named anew) only its linear model stands beside that file's."""
import argparse, ctypes, os, subprocess, sys, time, urllib.parse
import numpy as np
import hub as h

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
for name in ("url", "key", "library"):
    p.add_argument("--" + name, required=True)
p.add_argument("--data"); p.add_argument("--target", default="label"); p.add_argument("--model"); p.add_argument("--rows", type=int, default=1_000_000); p.add_argument("--rounds", type=int, default=3); p.add_argument("--warm", type=int, default=5)
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
        pointer, count = ctypes.c_void_p, ctypes.c_uint64
        for name, given, back in (("fetch_chunk", [Result], pointer), ("data_chunk_get_size", [pointer], count), ("data_chunk_get_vector", [pointer, count], pointer),
                                  ("vector_get_data", [pointer], pointer), ("destroy_data_chunk", [ctypes.POINTER(pointer)], None)):
            call = getattr(self.lib, "duckdb_" + name)
            call.argtypes, call.restype = given, back
        self.run("set threads=2")

    def run(self, sql, take=lambda result: None):
        """Seconds of the clock and of the processor, with what is done to take the result."""
        result, start, spent = Result(), time.perf_counter(), time.process_time()
        if self.lib.duckdb_query(self.con, sql.encode(), ctypes.byref(result)):
            sys.exit(self.lib.duckdb_result_error(ctypes.byref(result)).decode())
        take(result)
        taken = time.perf_counter() - start, time.process_time() - spent
        self.lib.duckdb_destroy_result(ctypes.byref(result))
        return taken

    def columns(self, result):
        """Doubles of a result as floats, column by column."""
        at, columns = 0, np.empty((len(names), a.rows), np.float32)
        while chunk := ctypes.c_void_p(self.lib.duckdb_fetch_chunk(result)):
            rows = self.lib.duckdb_data_chunk_get_size(chunk)
            for c, column in enumerate(columns):
                cells = self.lib.duckdb_vector_get_data(self.lib.duckdb_data_chunk_get_vector(chunk, c))
                column[at:at + rows] = np.ctypeslib.as_array(ctypes.cast(cells, ctypes.POINTER(ctypes.c_double)), (rows,))
            at += rows
            self.lib.duckdb_destroy_data_chunk(ctypes.byref(chunk))
        if at != a.rows:
            sys.exit(f"{at} rows")


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


def undisturbed(run, *of):
    """A run of which the host took at most 20 ms of the processors (steal in /proc/stat), or of six the one of which it took least."""
    def stolen():
        return int(open("/proc/stat").readline().split()[8])

    runs = []
    while not runs or len(runs) < 6 and min(runs)[0] > 2:
        before = stolen()
        taken = run(*of)
        runs.append((stolen() - before, taken))
    return min(runs)[1]


def batch(model, file, columns):
    before = spent(pid)
    command = ["curl", "-sS", "-T", file, "-X", "POST", "-H", "Expect:", "-H", f"Authorization: Bearer {a.key}", "-H", "Content-Type: application/vnd.apache.parquet",
               "-H", "Accept: application/vnd.apache.parquet", "-o", os.path.join(h.WORK, "out.parquet"), "-w", "%{http_code} %{time_total}",
               f"{a.url}/api/models/{model}/predict/batch?passthrough_columns={columns}"]
    status, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    time.sleep(0.3)  # until the reading process is counted
    return (float(seconds), spent(pid) - before) if status == "200" else sys.exit(f"status {status}")


pid, duck = process(), Duck()
if a.data:
    names = [n for n in h.head(a.data, 1)[0].split(",") if n != a.target]
    source = f"SELECT * FROM read_csv_auto('{a.data}') LIMIT {a.rows}"
else:
    names = [f"f{k:02d}" for k in range(28)]
    features = ", ".join(f"sin(i * {1.1 + k * 0.37} + {k}) * {1 + k} + random() AS {name}" for k, name in enumerate(names))
    source = f"SELECT *, CASE WHEN f00 + f01 * f02 - f03 + 2 * random() > 1 THEN 1 ELSE 0 END AS {a.target} FROM (SELECT {features} FROM range({a.rows}) t(i))"
files = {packing: os.path.join(h.WORK, f"{packing}.parquet") for packing in ("zstd", "snappy")}
for packing, file in files.items():
    duck.run("SELECT setseed(0.5)")
    duck.run(f"COPY (SELECT {', '.join(f'{n}::DOUBLE AS {n}' for n in names)} FROM ({source})) TO '{file}' (FORMAT parquet, COMPRESSION {packing})")
duck.run(f"COPY (SELECT * FROM ({source}) LIMIT 20000) TO '{h.WORK}/rows.csv' (FORMAT csv, HEADER)")
models = hub.models(h.WORK + "/rows.csv", a.target)
if a.model:
    models = [m for m in models if "GLM" in m[0]][:1] + hub.models(h.WORK + "/rows.csv", a.target, a.model)
for model, id in models:
    for packing, file in files.items():
        alone, took = {"into columns": [], "their sums": []}, {"all": [], "none": []}
        for turn in range(a.warm + a.rounds):  # the first ones are thrown away: the hub still compiles what it has just begun to use
            alone["into columns"].append(undisturbed(duck.run, f"select * from read_parquet('{file}')", duck.columns))
            alone["their sums"].append(undisturbed(duck.run, f"select sum(columns(*)) from read_parquet('{file}')"))
            for columns in took:
                took[columns].append(undisturbed(batch, id, file, columns))
        middle = {name: [h.median(r[i] for r in runs[a.warm:]) for i in (0, 1)] for name, runs in (alone | took).items()}
        print(f"{model:24} {packing:6} {os.path.getsize(file) >> 20:4} MB; DuckDB alone " + ", ".join("{} {:.2f} s ({:.2f} s of processor)".format(n, *middle[n]) for n in alone))
        for columns in took:
            seconds, used = middle[columns]
            print(f"    {columns:4} columns back: {seconds:.2f} s ({used:.2f} s), " + ", ".join(f"{middle[n][0] / seconds:.2f} of DuckDB's rate {n}" for n in alone)
                  + f"; load {os.getloadavg()[0]:.1f}", flush=True)
