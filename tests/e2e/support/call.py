#!/usr/bin/python3 -BS
"""call.py ADDRESS PORT: sends what it reads to a service, and prints the answer. It waits for that as long as it lasts."""

import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as service:
    service.sendall(sys.stdin.buffer.read())
    service.shutdown(socket.SHUT_WR)
    while answer := service.recv(65536):
        sys.stdout.buffer.write(answer)
