"""“Secure this phone”: how a browser comes to trust the hub's certificate, for each kind of device, and the proof.

It decides what is explained and in which order; nothing is asked or changed, and the plain pages go on. That the
connection is secured is told by how the request came, never by what a browser says of itself.
"""

import plistlib
import uuid
from typing import NamedTuple

from flask import Blueprint, Response, abort, request

from stairgate.hub import wording
from stairgate.hub.context import page, parts
from stairgate.hub.guard import host_name
from stairgate.hub.language import N_, _

secure = Blueprint("secure", __name__)
_PROFILES = uuid.UUID("6d0d6e0e-2f7b-4c55-9a53-6c1f6a0c3f11")


class Guide(NamedTuple):
    """The steps for one kind of device. `file`: the endpoint of what it takes."""

    id: str
    name: str
    file: str
    button: str
    steps: tuple[str, ...]

    def said(self) -> "Guide":
        """In the language that is spoken."""
        steps = tuple(_(step) for step in self.steps)
        return self._replace(name=_(self.name), button=_(self.button), steps=steps)


GUIDES = (
    Guide(
        "iphone",
        N_("iPhone and iPad"),
        "secure.profile",
        N_("Get the profile"),
        (
            N_("Open this page in Safari and tap the button. Answer “Allow”."),
            N_("Open Settings, tap “Profile Downloaded” at the top, then “Install”."),
            N_(
                "Go to Settings, General, About, Certificate Trust Settings (at the very end) and switch on "
                "“Stairgate”."
            ),
        ),
    ),
    Guide(
        "android",
        N_("Android"),
        "secure.certificate",
        N_("Get the certificate"),
        (
            N_("Tap the button and keep the file."),
            N_("Open Settings and search for “CA certificate”. Choose it, then “Install anyway”, then the file."),
            N_(
                "Android may tell you now and then that the network may be monitored. It says so about every "
                "certificate that was added by hand."
            ),
            N_(
                "Firefox only: Settings, About Firefox, tap the logo five times; then back, Secret Settings, “Use "
                "third party CA certificates”."
            ),
        ),
    ),
    Guide(
        "windows",
        N_("Windows"),
        "secure.certificate",
        N_("Get the certificate"),
        (
            N_("Choose the button, then open the file."),
            N_(
                "Choose “Install Certificate”, “Current User”, “Place all certificates in the following store”, "
                "“Trusted Root Certification Authorities”."
            ),
            N_("Close the browser and open it again."),
        ),
    ),
    Guide(
        "mac",
        N_("Mac"),
        "secure.certificate",
        N_("Get the certificate"),
        (
            N_("Choose the button, then open the file: Keychain Access takes it."),
            N_("Find “Stairgate” there, open it, unfold “Trust” and choose “Always Trust”."),
        ),
    ),
    Guide(
        "firefox",
        N_("Firefox on a computer"),
        "secure.certificate",
        N_("Get the certificate"),
        (
            N_("Choose the button and save the file."),
            N_(
                "Open Settings, Privacy & Security, Certificates, “View Certificates”, “Authorities”, “Import” "
                "and choose the file."
            ),
            N_("Tick “Trust this CA to identify websites”."),
        ),
    ),
    Guide(
        "linux",
        N_("Chrome on Linux or a Chromebook"),
        "secure.certificate",
        N_("Get the certificate"),
        (
            N_("Choose the button and save the file."),
            N_(
                "Open Settings, Privacy and security, Security, “Manage certificates”; there “Authorities” or "
                "“Custom”, then “Import”."
            ),
            N_("Tick “Trust this certificate for identifying websites”."),
        ),
    ),
)


@secure.get("/secure")
def guide() -> tuple[str, int]:
    """How to secure this phone."""
    chosen = guide_for(request.headers.get("User-Agent", ""))
    offer = parts().https
    return page(
        "secure.html",
        offer=offer,
        guides=[one.said() for one in sorted(GUIDES, key=lambda one: one.id != chosen)],
        check=offer.address(host_name(request.host), "/secure/check"),
    )


@secure.get("/secure/check")
def check() -> tuple[str, int]:
    """Whether this very connection is secured."""
    return page("secure_check.html", address=request.host_url, system=wording.browser_text(str(request.user_agent)))


@secure.get("/secure/stairgate.crt")
def certificate() -> Response:
    """The authority's certificate, DER."""
    return _file(_certificate(), "application/x-x509-ca-cert", "stairgate.crt")


@secure.get("/secure/stairgate.mobileconfig")
def profile() -> Response:
    """The same as a profile, which is what an iPhone wants."""
    der = _certificate()
    name = str(uuid.uuid5(_PROFILES, der.hex())).upper()
    root = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"stairgate.{name}.certificate",
        "PayloadUUID": str(uuid.uuid5(_PROFILES, name)).upper(),
        "PayloadDisplayName": "Stairgate",
        "PayloadCertificateFileName": "stairgate.crt",
        "PayloadContent": der,
    }
    content = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"stairgate.{name}",
        "PayloadUUID": name,
        "PayloadDisplayName": "Stairgate",
        "PayloadDescription": _("Lets this device know your hub at home. It is good for no website of the internet."),
        "PayloadContent": [root],
    }
    return _file(plistlib.dumps(content), "application/x-apple-aspen-config", "stairgate.mobileconfig")


def guide_for(user_agent: str) -> str:
    """Which guide fits a browser that says this of itself; a hint only, all of them are on the page."""
    marks = (
        ("iphone", ("iPhone", "iPad")),
        ("android", ("Android",)),
        ("firefox", ("Firefox",)),
        ("windows", ("Windows",)),
        ("mac", ("Mac OS",)),
    )
    return next((name for name, words in marks if any(word in user_agent for word in words)), "linux")


def _certificate() -> bytes:
    offer = parts().https
    if not offer.port:
        abort(404)
    return offer.certificate.der


def _file(content: bytes, kind: str, name: str) -> Response:
    answer = Response(content, mimetype=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
