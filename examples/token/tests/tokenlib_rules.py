"""Tokenlib's token rules in Python's standard library, to hold the Rust rendering against.

Holds no code in common with the Rust side and must never grow any: its worth is that it is independent.

    tokenlib_rules.py make SECRET    claims as JSON on stdin; token and derived secret as JSON on stdout
    tokenlib_rules.py parse SECRET   a token on stdin; claims and derived secret, or an error, as JSON
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time

SIGNING = b"services.mozilla.com/tokenlib/v1/signing"
DERIVING = b"services.mozilla.com/tokenlib/v1/derive/"
LIFETIME_SECONDS = 300
SIGNATURE_BYTES = 32


def hkdf(secret, salt, info, length=32):
    """HKDF-SHA256 as RFC 5869 tells it: extract a key, then stretch it block by block."""
    extracted = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.new(extracted, block + info + bytes([counter]), hashlib.sha256).digest()
        output += block
        counter += 1
    return output[:length]


def signature(secret, payload):
    return hmac.new(hkdf(secret, None, SIGNING), payload, hashlib.sha256).digest()


def derived(secret, token, claims):
    key = hkdf(secret, claims["salt"].encode("ascii"), DERIVING + token.encode("ascii"))
    return base64.urlsafe_b64encode(key).decode("ascii")


def make(secret, claims):
    claims = dict(claims)
    claims.setdefault("salt", os.urandom(3).hex())
    claims.setdefault("expires", time.time() + LIFETIME_SECONDS)
    payload = json.dumps(claims).encode("ascii")
    token = base64.urlsafe_b64encode(payload + signature(secret, payload)).decode("ascii")
    return {"token": token, "secret": derived(secret, token, claims)}


def parse(secret, token):
    try:
        content = base64.urlsafe_b64decode(token.encode("ascii"))
    except ValueError:
        return {"error": "malformed"}
    payload, given = content[:-SIGNATURE_BYTES], content[-SIGNATURE_BYTES:]
    if not hmac.compare_digest(given, signature(secret, payload)):
        return {"error": "tampered"}
    claims = json.loads(payload.decode("ascii"))
    if claims["expires"] <= time.time():
        return {"error": "expired"}
    return {"claims": claims, "secret": derived(secret, token, claims)}


def main():
    action, secret = sys.argv[1], sys.argv[2].encode("utf-8")
    if action == "make":
        answer = make(secret, json.load(sys.stdin))
    elif action == "parse":
        answer = parse(secret, sys.stdin.read().strip())
    else:
        sys.exit("expected make or parse")
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
