"""The token service's routes in Pyramid and Cornice: read the request, let a worker compute, answer.

What the answers are, examples/token says; its tests of them run against this one too. It never computes on tokens or claims
itself. Behind gunicorn with gevent: `token_service.py` starts it there, with the workers.
"""

import functools
import json
import os

import gevent
from cornice import Service
from pyramid.config import Configurator
from pyramid.response import Response

import powerhose

BODY_BYTES_MAX = 64 * 1024
BODY_TIMEOUT = 10.0
HEALTH_TIMEOUT = 2.0
TRACE_CHARACTERS_MAX = 128
# Deeper claims no worker signs; and JSON that is deeper than the second, it could not even read.
CLAIMS_DEPTH_MAX = 64
JSON_DEPTH_MAX = 127

runner = powerhose.JobRunner.connect(timeout=float(os.environ.get("TOKEN_TIMEOUT", "10")))
tokens = Service(name="tokens", path="/tokens")
tokens_verify = Service(name="tokens_verify", path="/tokens/verify")
healthz = Service(name="healthz", path="/healthz")


class Problem(Exception):
    """Why a request has no other answer."""

    def __init__(self, status, code, text):
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


bad_request = functools.partial(Problem, 400, "bad_request")


@tokens.post()
def issue(request):
    algorithms = request.GET.getall("alg")
    if len(algorithms) > 1:
        raise bad_request("the query is expected to be ?alg=NAME or none")
    claims = json_body(request)
    if depth(claims) > CLAIMS_DEPTH_MAX:
        raise Problem(400, "claims_too_deep", f"the claims are nested more than {CLAIMS_DEPTH_MAX} levels deep")
    sign = {"claims": claims, **({"alg": algorithms[0]} if algorithms else {})}
    kind, reply = ask(request, {"sign": sign})
    if kind == "refused":
        raise Problem(413 if reply["reason"] == "claims_too_large" else 400, reply["reason"], reply["text"])
    return answer(201, expected(kind, "signed", reply))


@tokens_verify.post()
def verify(request):
    body = json_body(request)
    if not isinstance(body, dict) or not isinstance(body.get("token"), str):
        raise bad_request('the body is not {"token": "..."}')
    kind, reply = ask(request, {"verify": {"token": body["token"]}})
    if kind == "invalid":
        raise Problem(401, reply["reason"], reply["text"])
    return answer(200, expected(kind, "valid", reply))


@healthz.get()
def health(request):
    """Whether a worker answers. One that has too much to do is alive."""
    try:
        runner.execute(b'{"verify":{"token":""}}', timeout=HEALTH_TIMEOUT)
    except powerhose.JobError as error:
        if not error.is_overload:
            raise Problem(503, "unavailable", "no worker answers") from error
    return answer(200, {"status": "ok"})


def ask(request, job):
    """What a worker replies: its kind, and the rest."""
    trace = request.headers.get("traceparent", "")
    headers = {"traceparent": trace} if 0 < len(trace) <= TRACE_CHARACTERS_MAX else None
    # In a process that gevent has patched, only this greenlet waits.
    reply = json.loads(runner.execute(json.dumps(job).encode(), headers=headers))
    if not isinstance(reply, dict) or len(reply) != 1:
        raise Problem(500, "failed", "the worker's reply makes no sense")
    return next(iter(reply.items()))


def expected(kind, wanted, reply):
    if kind != wanted:
        raise Problem(500, "failed", "the worker's reply makes no sense")
    return reply


def json_body(request):
    """The request's body, which must say that it is JSON: a web page of a stranger can then not send it unasked."""
    if request.content_type.strip().lower() != "application/json":
        raise Problem(415, "unsupported_media_type", "the content type must be application/json")
    with gevent.Timeout(BODY_TIMEOUT, Problem(408, "body_too_slow", "the request's body did not arrive in time")):
        body = request.environ["wsgi.input"].read(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        raise Problem(413, "body_too_large", "the request's body is too large")
    try:
        value = json.loads(body.decode(), parse_int=integer, parse_float=finite, parse_constant=refuse)
        # A text with half of a surrogate pair in it can be read, but not written.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise bad_request("the body is not JSON") from None
    if depth(value) > JSON_DEPTH_MAX:
        raise bad_request("the body is not JSON")
    return value


def integer(text):
    """Integers of more than 64 bits become doubles, as most readers of JSON have it."""
    value = int(text)
    return value if -(2**63) <= value < 2**64 else finite(text)


def finite(text):
    value = float(text)
    return refuse(text) if value in (float("inf"), -float("inf")) else value


def refuse(text):
    raise ValueError(f"{text} is no number in JSON")


def depth(value):
    """Levels of arrays and objects in the value, 0 for a number or a text."""
    levels, here = 0, [value]
    while here := [part for part in here if isinstance(part, (dict, list))]:
        levels += 1
        here = [part for outer in here for part in (outer.values() if isinstance(outer, dict) else outer)]
    return levels


def answer(status, content):
    """No answer may be stored on its way, for most of them hold secrets."""
    return Response(json_body=content, status=status, content_type="application/json", cache_control="no-store")


def problem(error, request):
    response = answer(error.status, {"error": {"code": error.code, "text": error.text}})
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if error.status == 503:
        response.headers["Retry-After"] = "1"
    return response


def no_reply(error, request):
    """A job without a reply. Its own text names the job, never its payload, and is for the log."""
    print(f"a job has no reply: {error}", flush=True)
    others = (500, "failed", "the worker failed")
    known = {
        502: (502, "lost", "the worker went away before it answered"),
        503: (503, "unavailable", "no worker can take this now"),
        504: (504, "timed_out", "no worker answered in time"),
    }
    return problem(Problem(*known.get(error.http_status, others)), request)


def no_such_path(request):
    return problem(Problem(404, "not_found", "there is nothing at this path"), request)


def no_such_method(event):
    """Cornice has an answer of its own to methods that a service does not have."""
    if event.response.status_code == 405:
        replaced = problem(Problem(405, "method_not_allowed", "not with this method"), event.request)
        event.response.json_body = replaced.json_body
        event.response.content_type = replaced.content_type
        event.response.cache_control = "no-store"


def make_app():
    # Cornice would write the errors of Pyramid, too.
    with Configurator(settings={"handle_exceptions": False}) as configurator:
        configurator.include("cornice")
        configurator.scan(__name__)
        configurator.add_exception_view(problem, context=Problem)
        configurator.add_exception_view(no_reply, context=powerhose.JobError)
        configurator.add_notfound_view(no_such_path)
        configurator.add_subscriber(no_such_method, "pyramid.events.NewResponse")
        return configurator.make_wsgi_app()


app = make_app()
