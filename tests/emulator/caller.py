"""Calls the emulator as any HTTP client would, and draws the pictures to send to it."""

from __future__ import annotations

import base64
import io
import random
import time
from typing import TYPE_CHECKING, Any

import requests
from PIL import Image, ImageDraw

from tests.patience import PATIENCE
from trellis_blender.core.scenario.connection import Connections, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator import Emulator

GENERATE = "/generate/custom/model_trellis-2"
SMALLEST = {"decimationTarget": 100_000, "textureSize": 1024}


def draw_picture(outline: str = "disc", file_format: str = "PNG") -> bytes:
    """Return a picture of 120 by 80 pixels, red on the left and green on the right, in the given outline.

    "disc" and "ring" are transparent around, "specks" are pixels strewn about, of which many touch at a corner,
    and "rectangle" has no alpha.
    """
    image = Image.new("RGB", (120, 80), (200, 40, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 0, 120, 80), fill=(30, 180, 60))
    mask = Image.new("L", image.size, 0)
    shape = ImageDraw.Draw(mask)
    if outline in ("disc", "ring"):
        shape.ellipse((20, 10, 100, 70), fill=255)
        if outline == "ring":
            shape.ellipse((40, 25, 80, 55), fill=0)
    elif outline == "specks":
        strewn = random.Random(1)
        mask.putdata([255 * strewn.randint(0, 1) for _ in range(120 * 80)])
    if outline != "rectangle":
        image.putalpha(mask)
    file = io.BytesIO()
    image.save(file, file_format)
    return file.getvalue()


class Client:
    """One client of whatever answers at an address, with a key."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        self.url = url
        self.session = Session(Connections(), "trellis-tests")  # which holds an answer to its length
        self.session.trust_env = False
        self.session.auth = (key, secret)

    def get(self, path: str, **query: str) -> requests.Response:
        """Return the answer to GET `path` of the API."""
        return self.session.get(self.url + path, params=query, timeout=PATIENCE)

    def post(self, path: str, body: Mapping[str, Any], **query: str) -> requests.Response:
        """Return the answer to POST `path` of the API with a JSON body."""
        return self.session.post(self.url + path, json=dict(body), params=query, timeout=PATIENCE)

    def upload(self, picture: bytes) -> str:
        """Upload a picture and return the id of its asset."""
        image = base64.b64encode(picture).decode("ascii")
        answer = self.post("/assets", {"name": "picture", "image": image})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["asset"]["id"])

    def submit(self, image: str, **parameters: Any) -> str:
        """Start the smallest job that `parameters` allow and return its id."""
        answer = self.post(GENERATE, {"image": image, **SMALLEST, **parameters})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["job"]["jobId"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job as it is now."""
        job: dict[str, Any] = self.get(f"/jobs/{job_id}").json()["job"]
        return job

    def finish(self, job_id: str) -> dict[str, Any]:
        """Wait for a job to end and return it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            job = self.job(job_id)
            if job["status"] in ("success", "failure", "canceled"):
                return job
            time.sleep(0.02)
        raise TimeoutError(f"job {job_id} did not end")

    def model_url(self, job: Mapping[str, Any]) -> str:
        """Return a fresh address of the GLB of a finished job."""
        for asset_id in job["metadata"]["assetIds"]:
            asset = self.get(f"/assets/{asset_id}").json()["asset"]
            if asset["kind"] == "3d":
                return str(asset["url"])
        raise LookupError("the job has no GLB")

    def generate(self, picture: bytes, **parameters: Any) -> str:
        """Return the address of the GLB made of `picture`."""
        return self.model_url(self.finish(self.submit(self.upload(picture), **parameters)))


class Caller(Client):
    """One client of an emulator, with the right key."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator.url, emulator.key, emulator.secret)
        self.emulator = emulator


def download(url: str, **headers: str) -> requests.Response:
    """Return the answer to GET `url` without credentials."""
    with Session(Connections(), "trellis-tests") as session:
        session.trust_env = False
        return session.get(url, headers=headers, timeout=PATIENCE)
