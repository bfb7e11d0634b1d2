#!/usr/bin/env python3
"""How long lists of very many models take: one small leaderboard is trained, and copied in SQL until there are COUNT models.

usage: model_list.py URL KEY DATA_FOLDER [count] [rounds]

DATA_FOLDER is the hub's (its private PostgreSQL is reached through the socket in it; needs psql). Prints the median and the worst of the rounds, and
the processor time that the hub and PostgreSQL together took for each: on a busy machine that is what counts.
"""
import glob, http.client, json, os, statistics, subprocess, sys, time, urllib.parse

url, key, folder = sys.argv[1:4]
count, rounds = (int(a) for a in (sys.argv[4:6] + ["100000", "30"][len(sys.argv[4:6]):]))
connection = http.client.HTTPConnection(urllib.parse.urlparse(url).netloc)


def call(method, path, body=None, kind="application/json"):
    body = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    connection.request(method, path, body, {"Authorization": "Bearer " + key, "Content-Type": kind})
    answer = connection.getresponse()
    text = answer.read()
    return json.loads(text) if answer.status < 300 else sys.exit(f"{method} {path}: {answer.status} {text.decode()}")


def form(**fields):
    parts = "".join(f'--edge\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items() if n != "file")
    return (parts + f'--edge\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\n{fields["file"]}\r\n--edge--\r\n').encode()


def parent_and_cpu(pid):
    """The process that started it, and the milliseconds of processor time that it has had."""
    try:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    except OSError:
        return 0, 0
    return int(fields[1]), (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def cpu():
    server = int(open(glob.glob(f"{folder}/**/postmaster.pid", recursive=True)[0]).readline())
    hub, own = parent_and_cpu(server)
    return own + parent_and_cpu(hub)[1] + sum(used for parent, used in (parent_and_cpu(p) for p in os.listdir("/proc") if p.isdigit()) if parent == server)


project = call("POST", "/api/projects", {"name": f"list {time.time()}"})["project"]["id"]
rows = "x,y,label\n" + "".join(f"{i * 7919 % 101},{i % 13},{'yes' if i * 7919 % 101 > 50 else 'no'}\n" for i in range(300))
dataset = call("POST", "/api/datasets", form(project_id=project, name="t", file=rows), "multipart/form-data; boundary=edge")["dataset"]
run = call("POST", "/api/experiments", {"dataset_version_id": dataset["version_id"], "name": "list", "target_column": "label",
                                        "config": {"max_models": 1, "nfolds": 2}})["experiment"]["id"]
while (now := call("GET", f"/api/experiments/{run}")["experiment"])["status"] in ("queued", "running"):
    time.sleep(0.2)
sql = f"""
    insert into models (id, project_id, experiment_id, name, algorithm, task, is_best, artifact_sha256, size_bytes, train_seconds, micros_per_row,
                        metrics, fold_scores, parameters, report, created_at)
    select gen_random_uuid(), m.project_id, m.experiment_id, 'many ' || i, case i % 5 when 0 then 'GLM' else 'GBM' end, m.task, false, m.artifact_sha256, 1, 1, 1,
           m.metrics || jsonb_build_object('auc', i / {count}::float8, 'logloss', (i * 7919 % {count}) / {count}::float8), m.fold_scores, m.parameters,
           '{{}}'::jsonb, m.created_at + i * interval '1 millisecond'
    from models m, generate_series(1, {count}) i where m.id = '{now["best_model_id"]}'"""
socket = next(path for path, _, files in os.walk(folder) if any(f.startswith(".s.PGSQL") or f == ".s.PGSQL.5432" for f in files))
subprocess.run(["psql", "-q", "-h", socket, "-U", "modelhub", "modelhub", "-c", sql, "-c", "vacuum analyze models"], check=True)
connection.close()  # it has been idle for long
queries = {
    "the newest": "", "by AUC": "sort_metric=auc", "by log loss": "sort_metric=logloss", "by AUC, the worst first": "sort_metric=auc&sort_dir=asc",
    "of a project": f"project_id={project}", "of an experiment, by AUC": f"experiment_id={run}&sort_metric=auc", "one algorithm": "model_type=GLM",
    "the best only": "best_only=true", "in production": "is_production=true", "a name that is one": f"search=many {count // 2}",
    "a name that many have": "search=many", "a name that none has": "search=zzz", "row 50,000 on": "offset=50000", "row 50,000 on, by AUC": "offset=50000&sort_metric=auc",
}
for what, query in queries.items():
    times, total = [], 0
    for turn in range(rounds + 3):
        spent = cpu() if turn == 3 else spent if turn else 0
        began = time.perf_counter()
        total = call("GET", "/api/models?limit=50&" + query.replace(" ", "%20"))["total"]
        times.append((time.perf_counter() - began) * 1000)
    print(f"{what:26} {total:7} models  median {statistics.median(times[3:]):6.1f} ms  worst {max(times[3:]):6.1f} ms  "
          f"processor {(cpu() - spent) / rounds:6.1f} ms", flush=True)
