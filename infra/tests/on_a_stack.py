"""Calls of the tests of a class to its stack."""

import base64
import unittest
from typing import Any

from infra.local import http_client
from infra.local.instance import Instance
from infra.local.stack import Stack
from infra.local.tools import ROOT
from infra.tests.temporary_stack import eventually

MOVIE = ROOT / "tests" / "media" / "sample.mp4"


class OnAStack(unittest.TestCase):
    """Tests on a stack. The subclass starts it."""

    instance: Instance
    outputs: dict[str, str]
    stack: Stack

    def _licence(self, package: str) -> dict[str, Any]:
        """Requests a licence of a package, as a player does."""
        issued = self._send("POST", f"/packaged_content/{package}/playback_tokens").json()
        kid = base64.urlsafe_b64encode(bytes.fromhex(self._api(f"/packaged_content/{package}")["kid"].replace("-", "")))
        request = {"kids": [kid.decode().rstrip("=")], "type": "temporary"}
        return http_client.call(self.instance, "POST", issued["license_url"], request, issued["token"]).json()

    def _send(self, method: str, path: str, body: Any = None) -> http_client.Response:
        return http_client.call(self.instance, method, f"{self.outputs['ApiUrl'].rstrip('/')}{path}", body)

    def _api(self, path: str) -> dict[str, Any]:
        return self._send("GET", path).json()

    def _content_of(self, key: str) -> dict[str, Any]:
        origin = f"s3://{self.outputs['UploadsBucket']}/{key}"

        def find() -> dict[str, Any] | None:
            listed = self._api("/input_content?limit=100")["input_content"]
            return next((content for content in listed if content["input_content_origin"] == origin), None)

        return eventually(self, find)

    def _package_of(self, key: str) -> str:
        """Uploads a movie, and returns the id of the package that it starts."""
        self.instance.client("s3").upload_file(str(MOVIE), self.outputs["UploadsBucket"], key)
        return self._content_of(key)["packaged_content_id"]
