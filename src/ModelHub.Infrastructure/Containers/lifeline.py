"""First process of a container: runs the command that follows, and ends when the hub lets go of standard input, however the hub ended. With
the first process, all others in the container end too. It reads nothing: standard input is the command's.
"""
import os
import select
import sys
import threading


def watch():
    hung = select.poll()
    hung.register(0, 0)                                         # only errors and the end are told
    while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in hung.poll()):
        pass
    os._exit(143)


child = os.fork()
if child == 0:
    try:
        os.execvp(sys.argv[1], sys.argv[1:])
    except OSError as error:
        print(f"{sys.argv[1]}: {error.strerror}", file=sys.stderr, flush=True)
    os._exit(127)
threading.Thread(target=watch, daemon=True).start()
while True:                                                     # orphans are reaped on the way
    ended, status = os.wait()
    if ended == child:
        os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
