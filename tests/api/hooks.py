"""What schemathesis has to know of the world: the payment channel's key, and things that are really there.

Everything else it makes up from the description. The keys come from the environment, never from the command line.
"""

import base64
import hashlib
import json
import os
import time
from urllib.parse import urlsplit

import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st

KNOWN = json.loads(os.environ["LOKET_API_KNOWN"])
BILLING = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(os.environ["LOKET_BILLING_KEY"]))


def signed_bytes(method, path, at_ms, body):
    return f"loket-request-1\n{method}\n{path}\n{at_ms}\n{hashlib.sha256(body).hexdigest()}".encode()


@schemathesis.serializer("application/offset+octet-stream")
def piece_of_a_scan(ctx, value):
    """Bytes go as they are, and whatever else was made up goes as its text."""
    return value if isinstance(value, bytes) else str(value).encode()


class PaymentChannel(requests.auth.AuthBase):
    """Signs each notice as the payment channel does, over the bytes that are really sent."""

    def __call__(self, request):
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        url = urlsplit(request.url)
        path = url.path + (f"?{url.query}" if url.query else "")
        at_ms = int(time.time() * 1000)
        signed = signed_bytes(request.method, path, at_ms, body)
        request.headers["loket-at"] = str(at_ms)
        request.headers["loket-signature"] = base64.b64encode(BILLING.sign(signed)).decode()
        return request


schemathesis.auth.set_from_requests(PaymentChannel()).apply_to(operation_id="payment")


def known_or(strategy, name):
    """Mostly what is there, so that more than "no such number" is seen; else what was made up."""

    def mix(parameters):
        # What is wrong on purpose comes in a wrapper of its own and stays as wrong as it is.
        if not isinstance(parameters, dict) or name not in parameters:
            return st.just(parameters)
        return st.sampled_from([parameters, {**parameters, name: KNOWN[name]}, {**parameters, name: KNOWN[name]}])

    return strategy.flatmap(mix)


@schemathesis.hook
def before_generate_path_parameters(ctx, strategy):
    for name in ("no", "office", "hash"):
        strategy = known_or(strategy, name)
    return strategy


@schemathesis.hook
def before_generate_body(ctx, strategy):
    """Bodies that name the office, the scan and the application that are there."""
    operation = ctx.operation.definition.raw.get("operationId")

    def really(body):
        if not isinstance(body, dict):
            return body
        body = dict(body)
        if operation == "submit" and "office" in body:
            body["office"] = KNOWN["office"]
        if operation == "payment" and "application_no" in body:
            body["application_no"] = KNOWN["no"]
        if operation == "reschedule" and {"day", "time"} <= body.keys():
            body["day"], body["time"] = KNOWN["day"], KNOWN["time"]
        if isinstance(body.get("documents"), list):
            body["documents"] = [
                {**d, "hash": KNOWN["hash"], "bytes": KNOWN["bytes"]} if isinstance(d, dict) and "hash" in d else d
                for d in body["documents"]
            ]
        return body

    return st.one_of(strategy, strategy.map(really))
