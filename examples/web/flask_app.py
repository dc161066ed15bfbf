"""Flask, behind gunicorn with any of its workers. With gevent, `execute` waits cooperatively by itself."""

from flask import Flask, Response, request

import powerhose

app = Flask(__name__)
# It connects at the first job of each process: before that there is nothing that a fork could break.
runner = powerhose.JobRunner.connect()


@app.post("/digest")
def digest():
    return Response(runner.execute(request.get_data(), pool="hash", timeout=5.0), mimetype="text/plain")


@app.errorhandler(powerhose.JobError)
def no_reply(error):
    headers = {"Retry-After": str(round(error.retry_after or 1))} if error.http_status == 503 else {}
    return Response(str(error), 400 if error.code == "empty" else error.http_status, headers)


@app.get("/alive")
def alive():
    return "yes"
