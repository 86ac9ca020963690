"""A DHCP client of a few lines, run in a device's namespace: it asks for an address under a name of its choice.

`python -m tests.lab.dhcp_client MAC NAME` prints the address that it was given (RFC 2131, 3.1). It keeps its hands off
the interface, whose addresses are `network`'s.
"""

import contextlib
import socket
import struct
import sys

COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
TYPE, ADDRESS, NAME, SERVER, END = 53, 50, 12, 54, 255
TRANSACTION = 0x57A16A7E
TRIES = 5


def request(mac: bytes, kind: int, **options: bytes) -> bytes:
    """A message to the server; the answer is asked for by broadcast."""
    head = struct.pack("!BBBBIHH16s16s64s128s", 1, 1, 6, 0, TRANSACTION, 0, 0x8000, b"", mac, b"", b"")
    body = bytes((TYPE, 1, kind))
    for name, value in options.items():
        body += bytes((int(name[1:]), len(value))) + value
    return head + COOKIE + body + bytes((END,))


def read_options(data: bytes) -> dict[int, bytes]:
    """The options of an answer."""
    options, at = {}, 240
    while at + 1 < len(data) and data[at] != END:
        options[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return options


def lease(mac: str, name: bytes) -> str:
    """The address that the server gives to this device. Raises TimeoutError."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        client.bind(("0.0.0.0", 68))
        client.settimeout(2)

        def ask(message: bytes, answer: int) -> bytes:
            for _ in range(TRIES):
                client.sendto(message, ("255.255.255.255", 67))
                with contextlib.suppress(TimeoutError):
                    # Answers to others are broadcast, too.
                    while data := client.recv(2048):
                        mine = data[4:8] == struct.pack("!I", TRANSACTION)
                        if mine and read_options(data).get(TYPE) == bytes((answer,)):
                            return data
            raise TimeoutError("no DHCP server answers")

        offer = ask(request(hardware, DISCOVER, o12=name), OFFER)
        server = read_options(offer)[SERVER]
        ask(request(hardware, REQUEST, o12=name, o50=offer[16:20], o54=server), ACK)
        return socket.inet_ntoa(offer[16:20])


if __name__ == "__main__":
    print(lease(sys.argv[1], sys.argv[2].encode()))
