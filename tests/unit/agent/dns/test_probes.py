"""Connectivity checks: what each system wants to read, and that no bytes get more than a short no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stairgate.agent.dns.probes import PAGES, ROOTS, respond

CASES = [
    (b"connectivitycheck.gstatic.com", b"/generate_204", b"204 No Content", b""),
    (b"clients3.google.com", b"/generate_204", b"204 No Content", b""),
    (b"captive.apple.com", b"/hotspot-detect.html", b"200 OK", b"<BODY>Success</BODY></HTML>"),
    (b"captive.apple.com", b"/", b"200 OK", b"<BODY>Success</BODY></HTML>"),
    (b"www.msftconnecttest.com", b"/connecttest.txt", b"200 OK", b"Microsoft Connect Test"),
    (b"www.msftncsi.com", b"/ncsi.txt", b"200 OK", b"Microsoft NCSI"),
    (b"detectportal.firefox.com", b"/success.txt?ipv4", b"200 OK", b"success\n"),
    (b"detectportal.firefox.com:80", b"/canonical.html", b"200 OK", b'url=https://support.mozilla.org"/>'),
    (b"nmcheck.gnome.org", b"/check_network_status.txt", b"200 OK", b"NetworkManager is online\n"),
    (b"www.example.org", b"/", b"404 Not Found", b"Only connectivity checks are answered here.\n"),
    (b"www.example.org", b"/../../etc/passwd", b"404 Not Found", b"Only connectivity checks are answered here.\n"),
]


@pytest.mark.parametrize(("host", "path", "status", "end"), CASES)
def test_each_system_reads_what_it_expects(host: bytes, path: bytes, status: bytes, end: bytes) -> None:
    response = respond(b"GET " + path + b" HTTP/1.1\r\nAccept: */*\r\nHOST: " + host)
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert body.endswith(end) and b"Connection: close" in head and b"Cache-Control: no-store" in head
    # A 204 has no body and says no length (RFC 9110, 8.6).
    assert (b"Content-Length: %d" % len(body) in head) is not status.startswith(b"204")
    asked = respond(b"HEAD " + path + b" HTTP/1.0\r\nHost: " + host)
    assert asked == head + b"\r\n\r\n"


def test_a_rendered_page_byte_by_byte() -> None:
    assert respond(b"GET /ncsi.txt HTTP/1.1") == (
        b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\nX-NetworkManager-Status: online\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 14\r\n\r\nMicrosoft NCSI"
    )


@given(st.binary(max_size=200))
def test_no_bytes_get_more_than_a_page(data: bytes) -> None:
    longest = max(len(body) for _, _, body in [*PAGES.values(), *ROOTS.values()])
    for head in (data, b"GET " + data + b" HTTP/1.1", b"GET / HTTP/1.1\r\nHost:" + data):
        response = respond(head)
        assert response.startswith(b"HTTP/1.1 ") and len(response) < longest + 300
        # Nothing of a request comes back, but what is said to everybody.
        said = respond(b""), respond(b"GET /elsewhere HTTP/1.1")
        assert len(data) < 20 or data not in response or any(data in each for each in said)
