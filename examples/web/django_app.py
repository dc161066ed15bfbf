"""Django, in one file: a view that blocks, for gunicorn, and one that waits in a task."""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

import powerhose

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="an example has none", MIDDLEWARE=[])
runner = powerhose.JobRunner.connect()


@csrf_exempt
def digest(request):
    try:
        return HttpResponse(runner.execute(request.body, pool="hash", timeout=5.0), "text/plain")
    except powerhose.JobError as error:
        return HttpResponse(str(error), status=400 if error.code == "empty" else error.http_status)


@csrf_exempt
async def async_digest(request):
    return HttpResponse(await runner.aexecute(request.body, pool="hash", timeout=5.0), "text/plain")


def alive(request):
    return HttpResponse("yes")


urlpatterns = [path("digest", digest), path("async/digest", async_digest), path("alive", alive)]
app = get_wsgi_application()
asgi = get_asgi_application()
