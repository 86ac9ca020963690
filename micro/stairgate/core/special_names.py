"""Names that no list decides about: connectivity checks, Wi-Fi calling, canaries and the resolver's own.

It decides only which kind a name is; what a resolver does with each is the DNS server's part. Names come in lower
case, as A-labels, without a dot at the end.
"""

from stairgate.core.filtering import suffixes

# probe: an operating system or browser asks there whether it is online. epdg: Wi-Fi and emergency calls (3GPP TS
# 23.003, 19.4.2.9). canary: Firefox keeps to the network's resolver when this does not exist. relay: Apple's Private
# Relay asks whether it may. resolver: discovery of encrypted resolvers (RFC 9462), never forwarded.
KINDS = ("probe", "epdg", "canary", "relay", "resolver")

# With all below.
BELOW = {
    "pub.3gppnetwork.org": "epdg",
    "resolver.arpa": "resolver",
}

# Exactly these.
EXACT = {
    "use-application-dns.net": "canary",
    "mask.icloud.com": "relay",
    "mask-h2.icloud.com": "relay",
    "mask-api.icloud.com": "relay",
    "mask-canary.icloud.com": "relay",
    # Android, ChromeOS and Chrome
    "connectivitycheck.gstatic.com": "probe",
    "connectivitycheck.android.com": "probe",
    "clients3.google.com": "probe",
    "play.googleapis.com": "probe",
    # Makers of Android devices
    "connectivitycheck.cbg-app.huawei.com": "probe",
    "connectivitycheck.platform.hicloud.com": "probe",
    "connect.rom.miui.com": "probe",
    "conn1.oppomobile.com": "probe",
    "wifi.vivo.com.cn": "probe",
    "spectrum.s3.amazonaws.com": "probe",
    # Apple
    "captive.apple.com": "probe",
    # Windows
    "www.msftconnecttest.com": "probe",
    "ipv6.msftconnecttest.com": "probe",
    "www.msftncsi.com": "probe",
    "ipv6.msftncsi.com": "probe",
    # Firefox
    "detectportal.firefox.com": "probe",
    # GNOME, NetworkManager of distributions
    "nmcheck.gnome.org": "probe",
    "connectivity-check.ubuntu.com": "probe",
    "network-test.debian.org": "probe",
    "networkcheck.kde.org": "probe",
    "ping.archlinux.org": "probe",
    # Consoles
    "ctest.cdn.nintendo.net": "probe",
    "conntest.nintendowifi.net": "probe",
}


def kind_of(name: str) -> str:
    """One of `KINDS`, or "" for an ordinary name."""
    kind = EXACT.get(name, "")
    if kind:
        return kind
    # Nearly all names end here: those with all below are few.
    if name[-15:] == "3gppnetwork.org" or name[-13:] == "resolver.arpa":
        for suffix in suffixes(name):
            kind = BELOW.get(suffix, "")
            if kind:
                return kind
    return ""
