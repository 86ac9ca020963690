"""The toy's own MQTT in the cases of the comparison: what made us write it must stay true of it."""

import json
from concurrent.futures import ThreadPoolExecutor

from tests.mqtt_clients.broker import CASES
from tests.mqtt_clients.compare import run

PATIENCE_SECONDS = 9.0  # twice what the client allows itself, and a little
FAILING = ("no SUBACK", "half-open", "drip", "oversize")


def test_it_comes_through_all_of_them() -> None:
    with ThreadPoolExecutor(len(CASES)) as pool:
        jobs = {case: pool.submit(run, "own", case) for case in CASES}
    results = {case: job.result() for case, job in jobs.items()}
    for case, verdict in results.items():
        print(f"mqtt_case {case}: {verdict.what}")
    assert [case for case, verdict in results.items() if not verdict.passed] == []
    print(json.dumps({"figure": "mqtt_cases_passed", "value": len(CASES), "unit": "1"}))


def test_without_deadlines_and_bounds_it_would_not() -> None:
    with ThreadPoolExecutor(len(FAILING)) as pool:
        verdicts = list(pool.map(lambda case: run("own", case, notice=PATIENCE_SECONDS, careless=True), FAILING))
    assert not any(verdict.passed for verdict in verdicts)
