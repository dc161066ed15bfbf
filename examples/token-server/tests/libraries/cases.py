"""Makes assertions, or judges some, with PyBrowserID: cases.py make | judge.

Cases come from stdin and go to stdout as test vectors have them.
"""

import json
import sys

from browserid import jwt
from browserid.errors import Error
from browserid.supportdoc import SupportDocumentManager
from browserid.tests.support import get_keypair
from browserid.utils import bundle_certs_and_assertion
from browserid.verifiers.local import LocalVerifier

NOW = 1_700_000_000_000
AUDIENCE = "https://token.example.org"


class Documents(SupportDocumentManager):
    """Support documents from memory."""

    def __init__(self, documents):
        super().__init__()
        self.documents = documents

    def fetch_support_document(self, hostname):
        return self.documents[hostname]


def make_case(name, expected, expires=NOW + 300_000, audience=AUDIENCE, signer="user"):
    issuer_public, issuer_secret = get_keypair("example.org")
    user_public, _ = get_keypair("user")
    _, signer_secret = get_keypair(signer)
    certificate = {
        "iss": "example.org",
        "exp": NOW + 3_600_000,
        "iat": NOW - 10_000,
        "principal": {"email": "user@example.org"},
        "public-key": user_public,
    }
    certificate = jwt.generate(certificate, issuer_secret)
    assertion = jwt.generate({"exp": expires, "aud": audience}, signer_secret)
    document = {"public-key": issuer_public, "authentication": "/sign_in", "provisioning": "/provision"}
    return {
        "name": name,
        "assertion": bundle_certs_and_assertion([certificate], assertion),
        "audience": AUDIENCE,
        "now_ms": NOW,
        "support_documents": {"example.org": document},
        "expected": expected,
    }


def make():
    good = {"ok": {"email": "user@example.org", "issuer": "example.org", "audience": AUDIENCE}}
    return {
        "cases": [make_case(f"good {number}", good, NOW + number) for number in range(20)]
        + [
            make_case("expired", {"error": "expired"}, expires=NOW - 1),
            make_case("audience", {"error": "audience"}, audience="https://other.example.org"),
            make_case("forged", {"error": "signature"}, signer="other"),
        ]
    }


def judge(case):
    verifier = LocalVerifier(supportdocs=Documents(case["support_documents"]), trusted_secondaries=[])
    try:
        return verifier.verify(case["assertion"], case["audience"], now=case["now_ms"])["email"]
    except (Error, ValueError):
        return None


def main():
    if sys.argv[1] == "make":
        result = make()
    else:
        result = [judge(case) for case in json.load(sys.stdin)["cases"]]
    json.dump(result, sys.stdout)


main()
