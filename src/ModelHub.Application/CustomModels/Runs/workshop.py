"""Work on a version's files in the sandbox. 'packages' installs requirements.txt into a virtual environment; 'convert FILE' runs a program
of the version, which writes what it makes into $OUTPUT_DIR. What came of it goes to standard output as a tar.gz, all else into the log.
"""
import glob
import gzip
import os
import subprocess
import sys
import tarfile

CODE = "/opt/model"
target = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)


def run(*command, **more):
    print("+", " ".join(command), flush=True)
    code = subprocess.call(command, stdin=subprocess.DEVNULL, **more)
    if code:
        print(f"ended with exit code {code}", flush=True)
        sys.exit(code if code > 0 else 128 - code)


def pack(folder):
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        for base, folders, files in os.walk(folder):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            for name in sorted(files):
                path = os.path.join(base, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    tar.add(path, os.path.relpath(path, folder), recursive=False)
    target.flush()


def packages():
    run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip", "/tmp/venv")
    options = ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    wheels = ["--find-links", CODE + "/wheels"] if os.path.isdir(CODE + "/wheels") else []
    if not os.environ.get("MODEL_NETWORK"):
        print("no network: packages come from the base environment and from wheels/ among the version's files", flush=True)
        wheels.append("--no-index")
    run(sys.executable, "-m", "pip", "--python", "/tmp/venv/bin/python", "install", *options, *wheels, "-r", CODE + "/requirements.txt")
    pack(glob.glob("/tmp/venv/lib/python3*/site-packages")[0])


def convert(path):
    script = os.path.join(CODE, path)
    os.makedirs(os.environ["OUTPUT_DIR"])
    with open(script, "rb") as file:
        first = file.readline(200).decode("utf-8", "replace").strip()
    by_name = {".py": [sys.executable, "-u"], ".sh": ["/bin/sh"], ".r": ["/usr/bin/env", "Rscript"]}
    runner = by_name.get(os.path.splitext(path)[1].lower()) or (first[2:].split() if first.startswith("#!") else None)
    if not runner:
        print(f"{path} is no program: it is neither .py, .sh nor .R, and does not begin with #!", flush=True)
        sys.exit(126)
    run(*runner, script, cwd=CODE)
    pack(os.environ["OUTPUT_DIR"])


if sys.argv[1] == "packages":
    packages()
else:
    convert(sys.argv[2])
