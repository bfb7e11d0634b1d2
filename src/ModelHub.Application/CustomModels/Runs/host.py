"""ModelHub's side of the sandbox: starts a custom model's server (start_server.sh) and hands the hub connections to it, or calls its hooks
(custom.py). For hooks, frames on standard input and output: length of what follows (4 bytes), number (4 bytes), status (2 bytes), body.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import traceback

CODE = "/opt/model"
LINK = "/opt/link"
HEAD = struct.Struct(">IIH")
THREADS = 16
source = os.fdopen(os.dup(0), "rb")
target = os.fdopen(os.dup(1), "wb", 0)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)
gate = threading.Lock()
reading = threading.Lock()


def answer(number, status, body):
    with gate:
        data = HEAD.pack(len(body) + 6, number, status) + body
        at = 0
        while at < len(data):
            at += target.write(data[at:])


def refuse(number, error):
    text = "".join(traceback.format_exception(error))
    print(text, file=sys.stderr, flush=True)
    answer(number, 500, json.dumps({"message": f"{type(error).__name__}: {error}", "traceback": text[-8000:]}).encode())


class Server:
    """A process that listens on a port of the sandbox. The hub talks with it over connections that are opened here and handed out."""

    def __init__(self, port):
        self.port = port
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(LINK)
        env = {**os.environ, "PORT": str(port), "ADDRESS": f"127.0.0.1:{port}"}
        script = CODE + "/start_server.sh"
        with open(script, "rb") as file:
            text = file.read()
        first = text.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        shell = first[2:].split() if first.startswith("#!") else ["/bin/sh"]
        if b"\r\n" in text:                                     # written on Windows
            script = "/tmp/start_server.sh"
            with open(script, "wb") as file:
                file.write(text.replace(b"\r\n", b"\n"))
        self.process = subprocess.Popen(shell + [script], env=env, stdin=subprocess.DEVNULL, cwd=CODE)
        threading.Thread(target=self.end_with_it, daemon=True).start()

    def end_with_it(self):
        code = self.process.wait()
        print(f"start_server.sh ended with exit code {code}", file=sys.stderr, flush=True)
        os._exit(code if code > 0 else 128 - code if code < 0 else 1)

    def serve(self):
        """For every byte a connection to the server, or word that there is none."""
        while self.link.recv(1):
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as made:
                    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.link.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", made.fileno()))])
            except OSError:
                self.link.send(b"-")


class Hooks:
    """Functions of custom.py."""

    def __init__(self):
        sys.path.insert(0, CODE)
        os.chdir(CODE)
        import custom
        self.custom = custom
        self.lock = threading.Lock()
        self.options = json.loads(os.environ.get("MODEL_OPTIONS", "{}"))
        self.unstructured = self.options.get("target_type") == "unstructured"
        self.wanted = "score_unstructured" if self.unstructured else "score"
        if not hasattr(custom, self.wanted) and not (self.options.get("target_type") == "transform" and hasattr(custom, "transform")):
            raise AttributeError(f"custom.py has no function {self.wanted}()")
        try:
            import pandas
        except ImportError:
            pandas = None
        self.pandas = pandas
        self.model = custom.load_model(CODE) if hasattr(custom, "load_model") else None

    def serve(self):
        print("custom.py is loaded", flush=True)
        answer(0, 200, b"")
        for _ in range(THREADS - 1):
            threading.Thread(target=self.take, daemon=True).start()
        self.take()

    def take(self):
        """Takes requests in turn with the other threads: who reads one answers it, so that none is handed over."""
        while True:
            with reading:
                head = source.read(HEAD.size)
                if len(head) < HEAD.size:
                    os._exit(0)
                length, number, _ = HEAD.unpack(head)
                body = source.read(length - 6)
            self.predict(number, body)

    def predict(self, number, body):
        try:
            with self.lock:
                if self.unstructured:
                    given = self.custom.score_unstructured(self.model, text_or_bytes(body), **self.options)
                    given = given[0] if isinstance(given, tuple) else given
                    given = given if isinstance(given, bytes) else given.encode() if isinstance(given, str) else json.dumps(given).encode()
                    return answer(number, 200, given)
                found = self.run(json.loads(body)["X"])
            answer(number, 200, json.dumps({"predictions": plain(found)}, allow_nan=False, default=plain).encode())
        except BaseException as error:                          # a hook may raise anything
            refuse(number, error)

    def run(self, columns):
        data = self.pandas.DataFrame(columns) if self.pandas else columns
        if hasattr(self.custom, "transform"):
            data = self.custom.transform(data, self.model)
        if hasattr(self.custom, "score"):
            data = self.custom.score(data, self.model, **self.options)
            if hasattr(self.custom, "post_process"):
                data = self.custom.post_process(data, self.model)
        return data


def plain(value):
    """Frames, series and arrays as lists."""
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        names = [str(n) for n in value.columns]
        if len(names) == 1:
            return plain(value[value.columns[0]])
        return [dict(zip(names, row)) for row in value.values.tolist()]
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict) and value and all(isinstance(v, (list, tuple)) for v in value.values()):
        return [dict(zip(value, row)) for row in zip(*value.values())]
    return value


def text_or_bytes(body):
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    if os.path.exists(CODE + "/start_server.sh"):
        model = Server(free_port() if os.environ.get("MODEL_NETWORK") else 8080)
    elif os.path.exists(CODE + "/custom.py"):
        model = Hooks()
    else:
        print("there is nothing to run: neither start_server.sh nor custom.py", file=sys.stderr, flush=True)
        sys.exit(2)
    model.serve()


main()
