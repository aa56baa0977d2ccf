#!/usr/bin/env python3
"""A carrier's HTTP endpoint that misbehaves as told, for tests (test/lib/FaultPeer.pm).

    fault_peer.py --port N --log FILE --how FILE [--cert FILE --key FILE]

Every request is one JSON line in the log, written before the answer.  The file
"how" is read for each request; its "mode":

    answer    status, headers, body (the default: 202)
    drop      the request is read and the connection closed
    reset     the same with a TCP reset
    hang      no answer until the peer of the connection gives up
    half      a status line and headers that promise more than what comes
    stump     the connection ends within the status line
    garbage   octets that are no HTTP
    huge      status 202 and 100 MB
    trickle   an endless header, an octet every 50 ms

"delay": seconds before all this.  A thread a connection; with --cert it speaks TLS.
"""
import argparse
import json
import os
import socket
import ssl
import struct
import threading
import time

lock = threading.Lock()


def read_request(f):
    """Method, path and headers of the next request; None when there is none."""
    line = f.readline(65537)
    if not line.strip():
        return None
    method, path = line.decode("latin-1").split()[:2]
    headers = {}
    while True:
        line = f.readline(65537).decode("latin-1").strip()
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = f.read(int(headers.get("content-length", 0)))
    return {"method": method, "path": path, "headers": headers, "body": body.decode("latin-1")}


def plain_answer(how):
    body = how.get("body", "0: Accepted for delivery").encode()
    lines = ["HTTP/1.1 %d Answer" % how.get("status", 202), "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % h for h in how.get("headers", {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def trickle(c):
    c.sendall(b"HTTP/1.1 202 Answer\r\nX-Slow: ")
    while True:
        c.sendall(b"x")
        time.sleep(0.05)


def huge(c):
    c.sendall(b"HTTP/1.1 202 Answer\r\nContent-Length: %d\r\n\r\n" % (100 << 20))
    for _ in range(100):
        c.sendall(b"x" * (1 << 20))


def answer(c, how):
    """Answers one request; false: the connection is to be closed."""
    mode = how.get("mode", "answer")
    time.sleep(how.get("delay", 0))
    if mode == "answer":
        c.sendall(plain_answer(how))
        return True
    if mode == "reset":
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif mode == "hang":
        c.recv(1)
    elif mode == "half":
        c.sendall(b"HTTP/1.1 202 Answer\r\nContent-Length: 1000\r\n\r\n0: Acc")
    elif mode == "stump":
        c.sendall(b"HTTP/1.")
    elif mode == "garbage":
        c.sendall(bytes(range(256)) * 64)
    elif mode == "huge":
        huge(c)
    elif mode == "trickle":
        trickle(c)
    return False


def serve(c, arg, context):
    try:
        if context:
            c = context.wrap_socket(c, server_side=True)
        f = c.makefile("rb")
        while True:
            request = read_request(f)
            if request is None:
                break
            with open(arg.how) as h:
                how = json.load(h)
            with lock, open(arg.log, "a") as log:
                log.write(json.dumps(dict(request, t=time.time())) + "\n")
            if not answer(c, how):
                break
        f.close()
    except (OSError, ValueError):
        pass
    finally:
        c.close()


def watch_parent(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def main():
    p = argparse.ArgumentParser()
    for name in ("port", "log", "how", "cert", "key"):
        p.add_argument("--" + name)
    arg = p.parse_args()
    context = None
    if arg.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arg.cert, arg.key)
    listener = socket.create_server(("127.0.0.1", int(arg.port)), backlog=512)
    threading.Thread(target=watch_parent, args=(os.getppid(),), daemon=True).start()
    while True:
        c, _ = listener.accept()
        threading.Thread(target=serve, args=(c, arg, context), daemon=True).start()


main()
