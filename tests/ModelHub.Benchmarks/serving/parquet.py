"""A Parquet file through a model and back as Parquet, against DuckDB reading that file alone; interleaved.

python3 parquet.py --base URL --key KEY --model ID --file rows.parquet --library libduckdb.so [--rounds 3]
"""
import argparse
import ctypes
import statistics
import subprocess
import sys
import time


class Result(ctypes.Structure):
    _fields_ = [("fields", ctypes.c_void_p * 6)]


def read_alone(library, path):
    """Seconds that DuckDB takes for every cell of every number column, on two threads."""
    lib, db, con = ctypes.CDLL(library), ctypes.c_void_p(), ctypes.c_void_p()
    lib.duckdb_open(None, ctypes.byref(db))
    lib.duckdb_connect(db, ctypes.byref(con))
    for sql in ("set threads=2", f"select sum(columns(*)) from read_parquet('{path}')"):
        result, start = Result(), time.perf_counter()
        if lib.duckdb_query(con, sql.encode(), ctypes.byref(result)):
            lib.duckdb_result_error.restype = ctypes.c_char_p
            sys.exit(lib.duckdb_result_error(ctypes.byref(result)).decode())
        seconds = time.perf_counter() - start
    return seconds


def batch(args):
    command = ["curl", "-sS", "-H", f"Authorization: Bearer {args.key}", "-H", "Accept: application/vnd.apache.parquet", "-F", f"file=@{args.file}",
               "-o", "/dev/null", "-w", "%{http_code} %{time_total}", f"{args.base}/api/models/{args.model}/predict/batch"]
    status, seconds = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds) if status == "200" else sys.exit(f"status {status}")


parser = argparse.ArgumentParser()
for name in ("base", "key", "model", "file", "library"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("--rounds", type=int, default=3)
given = parser.parse_args()
alone, through = [], []
for _ in range(given.rounds):
    alone.append(read_alone(given.library, given.file))
    through.append(batch(given))
print(f"DuckDB alone {statistics.median(alone):.2f} s, batch {statistics.median(through):.2f} s, "
      f"rate {statistics.median(alone) / statistics.median(through):.2f} of DuckDB's")
