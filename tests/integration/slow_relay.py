#!/usr/bin/env python3
"""A way to a server that stands still after so many of its bytes, until a file is there.

  slow_relay.py HOST:PORT BYTES FILE       prints the port to connect to, first
"""
import os
import socket
import sys
import threading
import time


def pump(source, to, may_go):
    while piece := source.recv(16384):
        may_go(len(piece))
        to.sendall(piece)
    to.shutdown(socket.SHUT_WR)


def main():
    host, port = sys.argv[1].rsplit(':', 1)
    left, file = [int(sys.argv[2])], sys.argv[3]

    def may_go(size):
        left[0] -= size
        while left[0] < 0 and not os.path.exists(file):
            time.sleep(0.01)

    door = socket.create_server(('127.0.0.1', 0))
    print(door.getsockname()[1], flush=True)
    while True:
        client, _ = door.accept()
        server = socket.create_connection((host, int(port)))
        for way in ((client, server, lambda size: None), (server, client, may_go)):
            threading.Thread(target=pump, args=way, daemon=True).start()


if __name__ == '__main__':
    main()
