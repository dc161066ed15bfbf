"""Pyramid and Cornice behind gunicorn with gevent: the picture of the article that began Powerhose."""

from cornice import Service
from pyramid.config import Configurator
from pyramid.response import Response

import powerhose

runner = powerhose.JobRunner.connect()
digests = Service(name="digest", path="/digest", description="Hashes a body")
alive = Service(name="alive", path="/alive")


@digests.post()
def digest(request):
    try:
        return Response(runner.execute(request.body, pool="hash", timeout=5.0), content_type="text/plain")
    except powerhose.JobError as error:
        return Response(str(error), 400 if error.code == "empty" else error.http_status)


@alive.get()
def is_alive(request):
    return Response("yes")


def make_app():
    with Configurator() as configurator:
        configurator.include("cornice")
        configurator.scan(__name__)
        return configurator.make_wsgi_app()


app = make_app()
