"""Domains of one's own, on a temporary stack: addresses follow the parameters, and licences are served by the CDN."""

import unittest
from typing import Any
from urllib.parse import urlsplit

from infra.local import http_client
from infra.local.instance import Instance
from infra.local.tools import ROOT
from infra.tests.temporary_stack import eventually, hold

_STREAMS = "media.example.com"
_MOVIE = ROOT / "tests" / "media" / "sample.mp4"
_CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


class Domains(unittest.TestCase):
    """The parameters `DomainName` and `CertificateArn`."""

    @classmethod
    def setUpClass(cls) -> None:
        parameters = [f"--parameter=DomainName={_STREAMS}", f"--parameter=CertificateArn={_CERTIFICATE}"]
        cls.instance = Instance(hold(cls, *parameters)["instance"])
        cls.outputs = cls.instance.outputs()

    def _api(self, method: str, path: str) -> dict[str, Any]:
        return http_client.call(self.instance, method, f"{self.outputs['ApiUrl'].rstrip('/')}{path}").json()

    def _cdn(self, method: str, url: str, body: Any = None, token: str | None = None) -> http_client.Response:
        """Sends a request for the domain to the distribution, as its DNS record says: the emulator has no DNS."""
        port = urlsplit(self.instance.endpoint).port
        host = f"{self.outputs['DomainTarget'].split('.')[0]}.cloudfront.localhost:{port}"
        return http_client.call(self.instance, method, f"http://{host}{urlsplit(url).path}", body, token)

    def _ready(self) -> dict[str, Any] | None:
        """Returns the package of the upload, once it is Ready."""
        packages = self._api("GET", "/packaged_content")["packaged_content"]
        self.assertNotIn("Failed", [package["status"] for package in packages], packages)
        return next((package for package in packages if package["status"] == "Ready"), None)

    def test_addresses_have_the_domain_and_the_cdn_serves_licences(self) -> None:
        uploads = self.outputs["UploadsBucket"]
        self.instance.client("s3").upload_file(str(_MOVIE), uploads, "domains/sample.mp4")
        package = eventually(self, self._ready)
        folder = f"https://{_STREAMS}/{package['packaged_content_id']}"
        self.assertEqual(package["url"], f"{folder}/stream.mpd")
        token = self._api("POST", f"/packaged_content/{package['packaged_content_id']}/playback_tokens")
        licence = f"https://{_STREAMS}/license/{package['packaged_content_id']}"
        self.assertEqual(token["license_url"], licence)
        manifest = self._cdn("GET", package["url"])
        count = manifest.body.count(licence.encode())
        self.assertEqual((manifest.status, manifest.body.count(b"/license/")), (200, count))
        self.assertGreater(count, 0)
        request = {"kids": [package["kid"]], "type": "temporary"}
        self.assertEqual(self._cdn("POST", licence, request).status, 403, "no token")
        answer = self._cdn("POST", licence, request, token["token"])
        self.assertEqual((answer.status, len(answer.json()["keys"])), (200, 1), answer)


if __name__ == "__main__":
    unittest.main()
