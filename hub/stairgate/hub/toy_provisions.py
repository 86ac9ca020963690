"""The provisions of EN 303 645 V3.1.3, and what can be said of each for a toy that has our agent in it.

A table, no judgement of a product: `met` is what the agent does wherever it runs, `not` what stock MicroPython or the
agent does not do, `maker` what only the maker can show; a maker's own word stands in the declaration (`toy_tables`).
Each line says in our words what is asked, the one below it what the answer rests on. In English: the reader is a test
lab.
"""

from typing import NamedTuple

MET, NOT_MET, MAKER = "met", "not met", "maker must show"


class Provision(NamedTuple):
    """number and status (M mandatory, R recommended; C, F under a condition) as the standard has them."""

    number: str
    status: str
    asks: str
    state: str
    because: str


_STATES = {"met": MET, "not": NOT_MET, "maker": MAKER}
_UPDATES = "This version of the agent has no updater; the maker's updater is to be shown."
_TABLE = """
5.0-1 M met: say of each provision how it is met, or why it does not apply
  This table.
5.1-1 MF maker: passwords differ for each device, or users set them
  There is no password. That each sticker has a secret of its own, the maker shows.
5.1-2 MF maker: pre-installed passwords cannot be guessed
  The sticker's 128 bits come from the maker's random source.
5.1-2A R met: machines authenticate to each other without passwords
  Mutual TLS with certificates of the home.
5.1-3 MF met: best-practice cryptography for authentication
  TLS 1.2, ECDHE, P-256, SHA-256; HMAC-SHA-256 for pairing.
5.1-4 MF met: authentication values can be changed easily
  Pairing again makes a new key and certificate.
5.1-5 MCF met: guessing over the network is impracticable
  128 bits, a window of ten minutes, one try a second, then void.
5.2-1 M maker: a public policy for reporting vulnerabilities
  The declaration names a contact; the policy is the maker's.
5.2-2 R maker: act on reports in time
  A process of the maker.
5.2-3 R maker: watch for vulnerabilities during the support period
  A process of the maker.
5.3-1 RF maker: all software components can be updated securely
  @updates
5.3-2 MC maker: a mechanism for secure updates
  @updates
5.3-3 MF maker: updates are simple to apply
  @updates
5.3-4A RF maker: updates can be automatic
  @updates
5.3-4B RF maker: automatic updates are on after set-up
  @updates
5.3-5 RF maker: look for updates after start-up, then regularly
  @updates
5.3-6A RF maker: users can switch or postpone automatic installing
  @updates
5.3-6B RF maker: users can switch notices of updates
  @updates
5.3-7 MF maker: best-practice cryptography for updates
  @updates
5.3-8 MC maker: security updates come in time
  A process of the maker.
5.3-9 RF maker: the device verifies updates itself
  @updates
5.3-10 MF maker: updates over the network are verified through a trust relation
  @updates
5.3-11 RC maker: users are told that an update is needed, and why
  @updates
5.3-12 RC maker: users are told when an update interrupts the device
  @updates
5.3-13 M met: the support period is published
  The declaration names its last day; the label shows it and says when it is over.
5.3-14 RC maker: constrained devices: the reason and the replacement are published
  Only where the toy cannot be updated.
5.3-15A RC met: constrained devices can be isolated
  The toy plays without a network; a router with Stairgate lets it reach declared names only.
5.3-15B RC maker: constrained devices: the hardware can be replaced
  A matter of the hardware.
5.3-16 M met: the model can be recognised
  Model, hardware and firmware stand in the declaration and on the label.
5.4-1 MF not: secrets are stored securely
  Stock MicroPython keeps the key in plain flash: whoever opens the toy can read it.
5.4-2 MF not: identities in hardware resist tampering
  Stock MicroPython has the identity in plain flash.
5.4-3 M maker: no critical secrets in the source
  The agent's source holds none, and keys are made in the toy; the rest of the image is the maker's.
5.4-4 MF met: secrets for updates and communication differ for each device
  Each toy makes its own key.
5.5-1 M met: best-practice secure communication
  TLS with verified certificate and host name; nothing listens.
5.5-2 R not: reviewed implementations of cryptography
  TLS is mbedTLS; documents are verified and signed by P-256 code of our own, tested, not reviewed by others.
5.5-3 R maker: cryptography can be updated
  Documents name their version; replacing code needs the maker's updater.
5.5-4 R met: functions over the network need authentication
  The toy obeys the home's signing key only.
5.5-5 MF met: security configuration changes only after authentication
  By signed policies only; an unsigned message can close, never open.
5.5-6 RF met: critical secrets are encrypted in transit
  Private keys never leave the toy.
5.5-7 MF met: critical secrets stay confidential on remote interfaces
  As above.
5.5-8 MC maker: keys are managed by a secure process
  The home's keys rotate by a documented process; the maker's signing key is the maker's.
5.6-1 MF maker: unused interfaces are disabled
  The agent opens none; the firmware's others are the maker's.
5.6-2 M met: little is disclosed without authentication
  Before pairing the toy sends its public key and model name, nothing of a child.
5.6-3 R maker: no needless physical interfaces
  A matter of the hardware.
5.6-4A MF not: debug interfaces are disabled or protected
  Stock MicroPython offers its prompt (REPL) on USB and UART.
5.6-4B RF maker: physical debug ports are protected
  A matter of the hardware.
5.6-5 R met: only needed services run
  The agent listens on no port.
5.6-6 R maker: no code without a purpose
  The agent is small and measured; the firmware's rest is the maker's.
5.6-7 R maker: least privilege
  Code gets a sensor from its open gate, and a static check finds what goes around; MicroPython separates nothing.
5.6-8 R not: hardware controls access to memory
  Stock MicroPython uses none.
5.6-9 R maker: a secure development process
  A process of the maker.
5.7-1 R not: software is verified by secure boot
  Stock MicroPython is started without it.
5.7-2 RF maker: unauthorised changes are told and the network restricted
  Safe mode closes all sensors; finding a change needs secure boot.
5.8-1 RF met: personal data on its way is confidential
  Declared destinations take TLS or DTLS only.
5.8-2 MF met: sensitive personal data on its way is well protected
  As above; such rows need consent.
5.8-3 MF met: all external sensing is documented for users
  Every sensor with a gate, its sign, and words for parents and children; a sensor without is refused.
5.9-1 R met: resilience to outages is built in
  Rules hold from flash; the network is not needed.
5.9-2 R met: works locally without a network, recovers cleanly from a loss of power
  Tested by cutting the power at every write.
5.9-3 R met: reconnects in an orderly way
  Waits grow, with chance in them.
5.10-1 RF met: telemetry is looked at for anomalies
  A router with Stairgate reports what is reached beside the declaration; nobody else looks.
5.11-1 M met: users erase their data simply
  By a tap on the hub's page and by a gesture at the toy.
5.11-2 RF maker: users can have data removed from services
  The toy asks declared recipients and the answer is tracked; they must obey.
5.11-3 R met: clear instructions for erasing
  On the toy's page; the gesture stands in the declaration.
5.11-4 R met: users get a confirmation
  A receipt signed with the toy's key.
5.12-1 R met: few decisions at set-up, secure ones
  One code, one gesture; every sensor begins closed.
5.12-2 R maker: guidance for a secure set-up
  The hub's page gives it for pairing; the Wi-Fi set-up is the maker's.
5.12-3 R met: guidance to check that it is secure
  The label, and what routers observed.
5.13-1A M met: input through user interfaces is validated
  Gestures are declared codes; the maker's own interfaces are the maker's to show.
5.13-1B M met: input over the network is validated
  Every format has a bound and a table of its fields; hostile input is tested.
6-1 M met: consumers are told what data is processed, how, by whom and why
  The label, row by row.
6-2 MF met: consent is valid
  For each row, off by default, never bundled.
6-3A MF met: consent can be withdrawn at any time
  By one tap; the sensor closes within a second.
6-3B MF met: information on consent is stored
  Who, when and for which meaning of a row; a changed row asks anew.
6-4 RF maker: telemetry is kept to a minimum
  The ledger counts what is sent; what is needed the maker shows.
6-5 MF met: consumers are told what telemetry is for
  Telemetry is declared as rows like any other.
6-6 MF met: data is minimised, kept for a limited time, and disposed of
  Every row has its days; the toy deletes by itself and leaves a receipt.
6-7 RF maker: aggregate where sums suffice
  Rows say whether they are aggregated.
6-8 RF maker: anonymise or pseudonymise where possible
  Rows say whether they are anonymised.
"""


def _read(text: str) -> tuple[Provision, ...]:
    lines = text.strip().splitlines()
    found = []
    for head, because in zip(lines[::2], lines[1::2], strict=True):
        short, _, asks = head.partition(": ")
        number, status, state = short.split()
        found.append(Provision(number, status, asks, _STATES[state], because.strip().replace("@updates", _UPDATES)))
    return tuple(found)


PROVISIONS = _read(_TABLE)
