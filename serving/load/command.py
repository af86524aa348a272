"""One load test: the requests, the plan, and the report on stdout and in files."""

import ipaddress
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from serving.client import Recommender
from serving.client.transports.connection import post_request
from serving.client.transports.rest_transport import model_path
from serving.client.transports.transport import without_password
from serving.load.bodies import request_bodies
from serving.load.histories import draw_histories, read_histories, served_ids
from serving.load.options import PICTURE, REPORT, LoadOptions
from serving.load.processes import run_plan
from serving.load.worker import Plan, Samples, Target
from serving.protocol.errors import InputError

BUSY = 0.7


def load(options: LoadOptions, on_measured: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Load a model server; the report and its picture are written where the options say.

    Args:
        options: what is asked, how and where.
        on_measured: called when the last answer is there; the rest is a matter of a second.

    Returns:
        The report.

    Raises:
        InputError: options, histories or a server that do not fit.
        OSError: a file cannot be read or written.
    """
    address = _address(options.url, options.allow_remote)
    _check_output(options)
    plan = _plan(options)
    samples = run_plan(Target(address, tuple(_requests(options))), plan)
    on_measured()
    # Only now: NumPy takes a while, and --help must not.
    from serving.load.latency import report

    facts = {"url": options.url, "model": options.model, "signature": options.signature}
    facts |= report(samples, plan)
    if samples.busy > BUSY:
        print(
            f"warning: the generator was busy {samples.busy:.0%} of the time; its own time is in "
            "the latencies. More --processes, or another machine, would tell",
            file=sys.stderr,
        )
    if options.output is not None:
        _write(options.output, samples, plan, facts)
    return facts


def _address(url: str, allow_remote: bool) -> tuple[str, int]:
    """Host and port of the URL.

    Raises:
        InputError: no http:// URL, an unknown host, or one that is not this machine.
    """
    try:
        place = urlsplit(url)
        host, port = place.hostname, place.port or 80
    except ValueError as error:
        raise InputError(f"--url: {error}. Received: {without_password(url)!r}") from error
    if place.scheme != "http" or not host or "@" in place.netloc:
        raise InputError(
            "--url: expected http://HOST:PORT without a password. "
            f"Received: {without_password(url)!r}"
        )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise InputError(f"--url: unknown host {host!r} ({error.strerror})") from error
    addresses = [entry[4][0] for entry in found]
    if not allow_remote and not all(ipaddress.ip_address(a).is_loopback for a in addresses):
        raise InputError(
            f"--url: expected this machine, since a load test can stop a server for its users; "
            f"--allow-remote if {host} is yours to load. Received: {url!r}"
        )
    return host, port


def _check_output(options: LoadOptions) -> None:
    if options.output is None:
        return
    for name in (REPORT, PICTURE):
        if (options.output / name).exists() and not options.force:
            raise InputError(f"--output: {options.output / name} exists; --force replaces it")
    # Before the test, not after it: a folder that cannot be written.
    options.output.mkdir(parents=True, exist_ok=True)


def _plan(options: LoadOptions) -> Plan:
    processes = options.processes or max(1, (os.cpu_count() or 1) // 2)
    return Plan(
        seconds=options.seconds,
        concurrency=options.concurrency,
        rate=options.rate,
        timeout=options.timeout,
        processes=min(processes, options.concurrency),
    )


def _requests(options: LoadOptions) -> list[bytes]:
    if options.histories is not None and options.ids is not None:
        raise InputError("expected --histories or --ids. Received: both")
    with Recommender(options.url, options.model, timeout=options.timeout) as recommender:
        if options.histories is not None:
            histories = read_histories(options.histories)
        else:
            ids = options.ids or served_ids(recommender)
            histories = draw_histories(ids, options.length)
        bodies = request_bodies(recommender, options.signature, histories)
        path = f"{urlsplit(options.url).path.rstrip('/')}{model_path(recommender.transport.served)}"
    host = urlsplit(options.url).netloc
    return [post_request(host, f"{path}:predict", body) for body in bodies]


def _write(folder: Path, samples: Samples, plan: Plan, facts: dict[str, Any]) -> None:
    from serving.load.latency import latencies
    from serving.load.picture import draw_latencies

    (folder / REPORT).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    both = latencies(samples, plan)
    if both.uncorrected.size:
        draw_latencies(folder / PICTURE, both, facts)
