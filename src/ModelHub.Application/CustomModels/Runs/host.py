"""ModelHub's side of the sandbox: starts a custom model's server (start_server.sh) or calls its hooks (custom.py), and passes the hub's
requests to it. Frames on standard input and output: length of what follows (4 bytes), number (4 bytes), status (2 bytes), body.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

CODE = "/opt/model"
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


class Link:
    """A connection to the model's server: HTTP/1.1, as little of it as such servers speak, for http.client takes longer than many models do."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.host = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"

    def ask(self, method, path, body):
        """(status, body, whether the connection stays open)"""
        head = method + " " + path + self.host
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall((head + "\r\n").encode() + (body or b""))
        status, headers = self.head()
        while 100 <= status < 200:
            status, headers = self.head()
        stays = headers.get(b"connection", b"").lower() != b"close"
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            return status, b"".join(self.chunks()), stays
        if b"content-length" in headers:
            return status, self.exactly(int(headers[b"content-length"])), stays
        return (status, b"", stays) if status in (204, 304) else (status, self.file.read(), False)

    def head(self):
        line = self.file.readline(65537)
        if not line:
            raise ConnectionResetError("the server closed the connection")
        parts = line.split(None, 2)
        if len(parts) < 2 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
            raise OSError(f"the server answered {line[:100]!r} instead of HTTP")
        headers = {b"connection": b"close"} if parts[0] == b"HTTP/1.0" else {}
        for _ in range(200):
            line = self.file.readline(65537)
            if line in (b"\r\n", b"\n", b""):
                return int(parts[1]), headers
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        raise OSError("the server's answer has more than 200 headers")

    def chunks(self):
        while size := int(self.file.readline(100).split(b";")[0], 16):
            yield self.exactly(size)
            self.file.readline(3)
        while self.file.readline(65537) not in (b"\r\n", b"\n", b""):
            pass

    def exactly(self, size):
        data = self.file.read(size)
        if len(data) < size:
            raise OSError("the server closed the connection within its answer")
        return data

    def close(self):
        self.file.close()
        self.socket.close()


class Server:
    """A process that listens on a port of the sandbox."""

    def __init__(self, port):
        self.port = port
        self.prefix = "/" + os.environ.get("URL_PREFIX", "").strip("/")
        self.prefix = self.prefix.rstrip("/")
        self.local = threading.local()
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

    def wait(self):
        while True:
            try:
                if self.ask("GET", "/", None)[0] == 200:
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.01)

    def ask(self, method, path, body):
        for attempt in (0, 1):
            link, self.local.link = getattr(self.local, "link", None), None
            fresh = link is None
            try:
                link = link or Link(self.port)
                status, data, stays = link.ask(method, self.prefix + path, body)
            except (ConnectionResetError, BrokenPipeError):
                if link:
                    link.close()
                if fresh or attempt:
                    raise
                continue                                        # it closed an idle connection
            if stays:
                self.local.link = link
            else:
                link.close()
            return status, data

    def predict(self, number, body):
        try:
            answer(number, *self.ask("POST", "/predict_no_state/", body))
        except (OSError, ValueError) as error:
            time.sleep(0.5)                                     # when its process ends, so does this one, and the hub is told the exit code
            answer(number, 502, json.dumps({"message": f"the model closed the connection: {error!r}"}).encode())


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

    def wait(self):
        print("custom.py is loaded", flush=True)

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


def serve(model):
    """Takes requests in turn with the other threads: who reads one answers it, so that none is handed over."""
    while True:
        with reading:
            head = source.read(HEAD.size)
            if len(head) < HEAD.size:
                os._exit(0)
            length, number, _ = HEAD.unpack(head)
            body = source.read(length - 6)
        model.predict(number, body)


def main():
    if os.path.exists(CODE + "/start_server.sh"):
        model = Server(free_port() if os.environ.get("MODEL_NETWORK") else 8080)
    elif os.path.exists(CODE + "/custom.py"):
        model = Hooks()
    else:
        print("there is nothing to run: neither start_server.sh nor custom.py", file=sys.stderr, flush=True)
        sys.exit(2)
    model.wait()
    answer(0, 200, b"")
    for _ in range(THREADS - 1):
        threading.Thread(target=serve, args=(model,), daemon=True).start()
    serve(model)


main()
