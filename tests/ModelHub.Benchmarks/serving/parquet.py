#!/usr/bin/env python3
"""A Parquet file of 1,000,000 x 28 doubles through models and back as Parquet, against DuckDB alone reading that file; interleaved.

usage: parquet.py URL KEY libduckdb.so [rounds] [rows]

Makes the file (zstd and Snappy) with DuckDB, trains a small leaderboard on its first 20,000 rows, and scores the file with every model: with all
columns passed through, and with none. libduckdb.so is what ./modelhub natives has fetched (data/natives).
"""
import ctypes, json, os, statistics, subprocess, sys, tempfile, time, urllib.request

url, key, library = sys.argv[1:4]
rounds, rows = (int(a) for a in (sys.argv[4:6] + ["3", "1000000"][len(sys.argv[4:6]):]))
work = tempfile.mkdtemp()
head = {"Authorization": "Bearer " + key}


class Result(ctypes.Structure):
    _fields_ = [("fields", ctypes.c_void_p * 6)]


class Duck:
    def __init__(self):
        self.lib, self.db, self.con = ctypes.CDLL(library), ctypes.c_void_p(), ctypes.c_void_p()
        self.lib.duckdb_open(None, ctypes.byref(self.db))
        self.lib.duckdb_connect(self.db, ctypes.byref(self.con))
        self.lib.duckdb_result_error.restype = ctypes.c_char_p
        self.run("set threads=2")

    def run(self, sql):
        result, start = Result(), time.perf_counter()
        if self.lib.duckdb_query(self.con, sql.encode(), ctypes.byref(result)):
            sys.exit(self.lib.duckdb_result_error(ctypes.byref(result)).decode())
        taken = time.perf_counter() - start
        self.lib.duckdb_destroy_result(ctypes.byref(result))
        return taken


def call(method, path, body=None, kind="application/json"):
    body = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(url + path, body, {**head, "Content-Type": kind}, method=method)))


def models(csv):
    project = call("POST", "/api/projects", {"name": f"parquet {time.time()}"})["project"]["id"]
    edge = "edge-of-a-part"
    parts = "".join(f'--{edge}\r\nContent-Disposition: form-data; name="{f}"\r\n\r\n{v}\r\n' for f, v in (("project_id", project), ("name", "rows")))
    parts += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="rows.csv"\r\n\r\n'
    body = parts.encode() + open(csv, "rb").read() + f"\r\n--{edge}--\r\n".encode()
    dataset = call("POST", "/api/datasets", body, "multipart/form-data; boundary=" + edge)["dataset"]
    run = call("POST", "/api/experiments", {"dataset_version_id": dataset["version_id"], "name": "bench", "target_column": "label",
                                            "problem_type": "classification", "config": {"max_models": 2, "nfolds": 2, "mode": "high_speed"}})["experiment"]["id"]
    while (now := call("GET", f"/api/experiments/{run}")["experiment"])["status"] in ("queued", "running"):
        time.sleep(0.5)
    while any(j["state"] in ("queued", "running") for j in call("GET", f"/api/jobs?project_id={project}")["items"]):
        time.sleep(0.5)  # explaining the models would be measured, too
    return now["leaderboard"]


def batch(model, file, columns):
    command = ["curl", "-sS", "-T", file, "-X", "POST", "-H", "Expect:", "-H", f"Authorization: Bearer {key}", "-H", "Content-Type: application/vnd.apache.parquet",
               "-H", "Accept: application/vnd.apache.parquet", "-o", os.path.join(work, "out.parquet"), "-w", "%{http_code} %{time_total}",
               f"{url}/api/models/{model}/predict/batch?passthrough_columns={columns}"]
    status, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds) if status == "200" else sys.exit(f"status {status}")


duck = Duck()
features = ", ".join(f"sin(i * {1.1 + k * 0.37} + {k}) * {1 + k} + random() AS f{k:02d}" for k in range(28))
source = f"SELECT *, CASE WHEN f00 + f01 * f02 - f03 + 2 * random() > 1 THEN 1 ELSE 0 END AS label FROM (SELECT {features} FROM range({rows}) t(i))"
files = {packing: os.path.join(work, f"{packing}.parquet") for packing in ("zstd", "snappy")}
for packing, file in files.items():
    duck.run("SELECT setseed(0.5)")
    duck.run(f"COPY (SELECT COLUMNS('f.*') FROM ({source})) TO '{file}' (FORMAT parquet, COMPRESSION {packing})")
duck.run("SELECT setseed(0.5)")
duck.run(f"COPY (SELECT * FROM ({source}) LIMIT 20000) TO '{work}/rows.csv' (FORMAT csv, HEADER)")
for model in models(work + "/rows.csv"):
    for packing, file in files.items():
        alone, took = [], {"all": [], "none": []}
        for turn in range(rounds + 1):  # the first warms up and is thrown away
            seconds = duck.run(f"select sum(columns(*)) from read_parquet('{file}')")
            for columns in took:
                took[columns].append(batch(model["id"], file, columns))
            alone.append(seconds)
        least = statistics.median(alone[1:])
        for columns, all_of in took.items():
            own = statistics.median(all_of[1:])
            print(f"{model['algo']:14} {model['size_bytes']:8} B  {packing:6} {os.path.getsize(file) >> 20:4} MB  columns back: {columns:4}  "
                  f"DuckDB alone {least:.2f} s  batch {own:.2f} s  rate {least / own:.2f} of DuckDB's", flush=True)
