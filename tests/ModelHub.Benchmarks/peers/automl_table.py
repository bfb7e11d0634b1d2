#!/usr/bin/env python3
"""The search on the eight sets, as a markdown table.
usage: automl_table.py --data FOLDER [--seconds 60] [--sets a,b] [--bench FOLDER] [--json FILE]

Builds the benchmark, runs one search per set in the given time (best model and blend as the search itself ranks them, measured on the
set's test rows, which it never sees), and sets it against the best figure of the set's row in the anchors. With --bench (the folder of
accuracy.py) XGBoost's 20-trial search gets the same time, on the same machine, straight after each of ours."""
import argparse, json, os, pathlib, re, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROJECT = ROOT / "tests" / "ModelHub.Benchmarks"
# Best figure of each row of the anchors (XGBoost, HistGB, forest, linear, XGBoost's search, FLAML), and whose it is.
ANCHORS = {
    "titanic": (0.8548, "FLAML 30 s"), "credit_g": (0.8143, "random forest"), "adult": (0.9288, "XGBoost search"),
    "lgb_binary": (0.7807, "XGBoost search"), "letter": (0.126, "XGBoost default"), "wine_white": (0.8361, "random forest"),
    "diamonds": (530.1, "FLAML 30 s"), "california": (45996.0, "XGBoost search"),
}


def figure(value, metric):
    return f"{value:,.0f}" if metric == "rmse" and value > 10000 else f"{value:.1f}" if metric == "rmse" else f"{value:.4f}"


def peer(bench, name, seconds):
    """The score of XGBoost's search, or None when it cannot run here."""
    done = subprocess.run([sys.executable, str(pathlib.Path(bench) / "accuracy.py"), "--search-only", name], capture_output=True, text=True,
                          env={**os.environ, "MODELHUB_BENCH_SEARCH_S": str(int(seconds))}, cwd=bench)
    found = re.search(r"'xgb_random20': \(([0-9.]+)", done.stdout)
    return float(found[1]) if done.returncode == 0 and found else None


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--data", required=True)
    args.add_argument("--seconds", type=float, default=60)
    args.add_argument("--sets", default=",".join(ANCHORS))
    args.add_argument("--mode", default="balanced")
    args.add_argument("--bench")
    args.add_argument("--json", help="keeps the lines of the benchmark here")
    args = args.parse_args()
    subprocess.run(["dotnet", "build", str(PROJECT), "-c", "Release", "-v", "q"], check=True, stdout=subprocess.DEVNULL)
    program = PROJECT / "bin" / "Release" / "net10.0" / "ModelHub.Benchmarks.dll"
    load = os.getloadavg()[0]
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, load before {load:.1f}, {args.seconds:g} s per set\n")
    if load > 3:
        print("The machine is busy: these figures are worse than they would be on a quiet one.\n")
    print("| set | metric | ours | ± one standard error | best model | seconds | µs per row | best anchor | |" + (" XGBoost search, same time |" if args.bench else ""))
    print("|---|---|---|---|---|---|---|---|---|" + ("---|" if args.bench else ""))
    better = 0
    kept = open(args.json, "w") if args.json else None
    for name in args.sets.split(","):
        run = subprocess.run(["dotnet", str(program), "automl", "--folder", args.data, "--sets", name, "--seconds", str(args.seconds), "--mode", args.mode],
                             capture_output=True, text=True)
        if run.returncode != 0:
            print(f"| {name} | – | failed: {run.stderr.strip().splitlines()[-1] if run.stderr.strip() else run.returncode} |")
            continue
        if kept:
            kept.write(run.stdout)
        line = json.loads(run.stdout.strip().splitlines()[-1])
        metric, ours, error = line["metric"], line["test"], line["standard_error"]
        anchor, whose = ANCHORS[name]
        ahead = ours > anchor if metric == "auc" else ours < anchor
        near = abs(ours - anchor) <= error
        better += ahead
        row = [name, metric + (" ↑" if metric == "auc" else " ↓"), figure(ours, metric), figure(error, metric), f"{line['best']} of {len(line['models'])}",
               f"{line['seconds']:.1f}", f"{line['models'][0]['micros_per_row']:.1f}", f"{figure(anchor, metric)} ({whose})",
               "better" if ahead else "within one standard error" if near else "worse"]
        if args.bench:
            other = peer(args.bench, name, args.seconds)
            row.append("–" if other is None else figure(other, metric))
        print("| " + " | ".join(row) + " |", flush=True)
    print(f"\nBetter than the best anchor on {better} of {len(args.sets.split(','))}.")


if __name__ == "__main__":
    main()
