"""FastAPI, behind uvicorn. A client that hangs up cancels its job."""

from fastapi import FastAPI, Request, Response

import powerhose

app = FastAPI()
runner = powerhose.JobRunner.connect()


@app.post("/digest")
async def digest(request: Request):
    reply = await runner.aexecute(await request.body(), pool="hash", timeout=5.0)
    return Response(reply, media_type="text/plain")


@app.exception_handler(powerhose.JobError)
async def no_reply(request: Request, error: powerhose.JobError):
    return Response(str(error), 400 if error.code == "empty" else error.http_status)


@app.get("/alive")
async def alive():
    return Response("yes")
