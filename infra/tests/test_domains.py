"""Domains of one's own, on a temporary stack: addresses follow the parameters, and licences are served by the CDN."""

import json
import subprocess
import sys
import time
import unittest
from http.client import HTTPConnection
from typing import Any, ClassVar
from urllib.parse import urlsplit

import boto3

from infra.local.tools import ROOT

_STREAMS = "media.example.com"
_MOVIE = ROOT / "tests" / "media" / "sample.mp4"
_CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
_READY_SECONDS = 240


class Domains(unittest.TestCase):
    """The parameters `DomainName` and `CertificateArn`."""

    stack: ClassVar[dict[str, str]]
    token: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        parameters = [f"--parameter=DomainName={_STREAMS}", f"--parameter=CertificateArn={_CERTIFICATE}"]
        holder = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "hold", *parameters],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        # The stack stops when its standard input is closed.
        cls.addClassCleanup(holder.wait)
        cls.addClassCleanup(holder.stdin.close)
        cls.addClassCleanup(holder.stdout.close)
        cls.stack = json.loads(holder.stdout.readline())
        secret = cls._client("secretsmanager").get_secret_value(SecretId=cls.stack["operator_token_secret"])
        cls.token = json.loads(secret["SecretString"])["current"]

    @classmethod
    def _client(cls, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=cls.stack["endpoint"],
            region_name=cls.stack["region"],
            aws_access_key_id=cls.stack["access_key_id"],
            aws_secret_access_key=cls.stack["secret_access_key"],
        )

    def _send(
        self, host: str, method: str, path: str, token: str | None = None, body: str | None = None
    ) -> tuple[int, bytes]:
        endpoint = urlsplit(self.stack["endpoint"])
        connection = HTTPConnection(endpoint.hostname, endpoint.port, timeout=60)
        self.addCleanup(connection.close)
        headers = {"Host": host, "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()

    def _api(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        host = urlsplit(self.stack["api_url"]).netloc
        status, answer = self._send(host, method, path, self.token, body)
        self.assertLess(status, 300, answer)
        return json.loads(answer)

    def _ready(self) -> dict[str, Any]:
        """Waits until the package of the upload is Ready."""
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            for package in self._api("GET", "/packaged_content")["packaged_content"]:
                self.assertNotEqual(package["status"], "Failed", package)
                if package["status"] == "Ready":
                    return package
        self.fail("the package is not Ready")

    def test_addresses_have_the_domain_and_the_cdn_serves_licences(self) -> None:
        self._client("s3").upload_file(str(_MOVIE), self.stack["uploads_bucket"], "domains/sample.mp4")
        package = self._ready()
        folder = f"https://{_STREAMS}/{package['packaged_content_id']}"
        self.assertEqual(package["url"], f"{folder}/stream.mpd")
        token = self._api("POST", f"/packaged_content/{package['packaged_content_id']}/playback_tokens")
        licence = f"https://{_STREAMS}/license/{package['packaged_content_id']}"
        self.assertEqual(token["license_url"], licence)
        # The emulator has no DNS: a request for the domain goes to the distribution, as its record says.
        port = urlsplit(self.stack["endpoint"]).port
        cdn = f"{self.stack['domain_target'].split('.')[0]}.cloudfront.localhost:{port}"
        status, manifest = self._send(cdn, "GET", urlsplit(package["url"]).path)
        self.assertEqual((status, manifest.count(b"/license/")), (200, manifest.count(licence.encode())))
        self.assertIn(licence.encode(), manifest)
        body = json.dumps({"kids": [package["kid"]], "type": "temporary"})
        self.assertEqual(self._send(cdn, "POST", urlsplit(licence).path, None, body)[0], 403, "no token")
        status, answer = self._send(cdn, "POST", urlsplit(licence).path, token["token"], body)
        self.assertEqual((status, len(json.loads(answer)["keys"])), (200, 1), answer)


if __name__ == "__main__":
    unittest.main()
