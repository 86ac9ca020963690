"""No check of a certificate is switched off anywhere in the product, not even behind an option."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCE_ROOTS = ("agent", "hub", "micro", "provisioning")
# Each with a line that it must find: a pattern that finds nothing would be no check.
SWITCHED_OFF = {
    r"\bCERT_(NONE|OPTIONAL)\b": "context.verify_mode = ssl.CERT_NONE",
    r"\bverify_mode\s*=(?!=)(?!\s*(ssl\.|tls\.)?(VerifyMode\.)?CERT_REQUIRED\b)": "context.verify_mode = 0",
    r"\bcert_reqs\s*=(?!\s*(ssl\.|tls\.)?(VerifyMode\.)?CERT_REQUIRED\b)": "client.tls_set(cert_reqs=0)",
    r"\btls_insecure_set\b": "client.tls_insecure_set(True)",
    r"\bcheck_hostname\s*=(?!=)(?!\s*True\b)": "context.check_hostname = False",
    r"\bverify\s*=\s*False\b": "get(url, verify=False)",
    r"\b_create_(unverified|stdlib)_context\b": "ssl._create_unverified_context()",
    # A server has nobody to verify where its clients are browsers; the broker, which has, is no code of ours.
    r"\bSSLContext\((?!(ssl\.|tls\.)?PROTOCOL_TLS_(CLIENT|SERVER)\b)": "ssl.SSLContext(ssl.PROTOCOL_TLS)",
    r"\bwrap_socket\((?![^)\n]*server_(hostname|side))(?=[^)\n]*\))": "context.wrap_socket(plain)",
    r"\brequire_certificate false\b": '"require_certificate false"',
    r"\ballow_anonymous true\b": '"allow_anonymous true"',
    r"\btls_version tlsv1(\.[01])?\b(?!\.)": '"tls_version tlsv1.1"',
    r"SECLEVEL": 'context.set_ciphers("DEFAULT@SECLEVEL=0")',
}
ALLOWED = [
    "context.verify_mode = ssl.CERT_REQUIRED",
    "context.verify_mode == expected",
    "context.check_hostname = True",
    "context.wrap_socket(plain, server_hostname=host)",
    "tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)",
    "ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)",
    "client.tls_set(cert_reqs=ssl.CERT_REQUIRED)",
    "require_certificate true",
    "tls_version tlsv1.2",
]


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_no_check_is_switched_off(root: str) -> None:
    files = sorted(path for path in (ROOT / root).rglob("*.py") if path.is_file())
    assert files, f"expected sources in {root}/, found none"

    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for pattern in SWITCHED_OFF
        if re.search(pattern, line)
    ]

    assert found == []


@pytest.mark.parametrize(("pattern", "line"), SWITCHED_OFF.items())
def test_the_pattern_finds_it(pattern: str, line: str) -> None:
    assert re.search(pattern, line)


@pytest.mark.parametrize("line", ALLOWED)
def test_what_is_allowed_is_not_found(line: str) -> None:
    assert [pattern for pattern in SWITCHED_OFF if re.search(pattern, line)] == []
