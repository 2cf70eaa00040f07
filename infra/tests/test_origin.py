"""The just-in-time origin, on a temporary stack whose encrypt stage is stopped: a package plays before anything is encrypted."""

import hashlib
import re
import unittest
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from infra.local import http_client
from infra.local.instance import Instance
from infra.local.stack import Stack
from infra.local.tools import ROOT
from infra.tests.temporary_stack import eventually, hold

_MOVIE = ROOT / "tests" / "media" / "sample.mp4"
_MPD = "{urn:mpeg:dash:schema:mpd:2011}"


class Origin(unittest.TestCase):
    """Playback of a package that is Fragmented."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.instance = Instance(hold(cls)["instance"])
        cls.outputs = cls.instance.outputs()
        cls.stack = Stack.local(cls.instance)

    def _get(self, url: str) -> bytes:
        response = http_client.get(self.instance, url)
        self.assertEqual(response.status, 200, url)
        return response.body

    def _upload(self, key: str) -> str:
        """Uploads the movie, and returns the id of its content."""
        self.instance.client("s3").upload_file(str(_MOVIE), self.outputs["UploadsBucket"], key)
        path = f"/input_content?origin=s3://{self.outputs['UploadsBucket']}/{key}"
        return eventually(self, lambda: self.stack.api("GET", path)["input_content"])[0]["input_content_id"]

    def _package(self, content: str, status: str) -> dict[str, Any] | None:
        """Returns the package that the upload of a content started, once it has this status."""
        packages = self.stack.api("GET", f"/packaged_content?input_content_id={content}")["packaged_content"]
        self.assertNotIn("Failed", [package["status"] for package in packages], packages)
        return next((package for package in packages if package["status"] == status), None)

    def _digests(self, package: dict[str, Any]) -> dict[str, str]:
        """Returns the digest of each object of the package, by its path."""
        s3, bucket = self.instance.client("s3"), self.outputs["OutputBucket"]
        prefix = f"{package['packaged_content_id']}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        bodies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
        return {key.removeprefix(prefix): hashlib.sha256(body).hexdigest() for key, body in bodies.items()}

    def _playlist(self, url: str) -> list[str]:
        """Returns the addresses in a playlist."""
        lines = self._get(url).decode().splitlines()
        named = [match[1] for line in lines for match in re.finditer(r'URI="([^"]+)"', line)]
        return [urljoin(url, name) for name in [*named, *(line for line in lines if line and line[0] != "#")]]

    def test_a_package_plays_before_anything_is_encrypted(self) -> None:
        queue = self.stack.queue_attributes(self.outputs["EncryptQueueUrl"])["QueueArn"]
        with self.stack.consumers_paused(queue):
            content = self._upload("origin/sample.mp4")
            package = eventually(self, lambda: self._package(content, "Fragmented"))
            self.assertTrue(package["playable"] and package["playable_at"])
            early = self._digests(package)
            self.assertFalse([path for path in early if path.endswith(".m4s")], "nothing is encrypted")

            # The MPD and the playlists are there, and every segment that they name is made.
            mpd = ElementTree.fromstring(self._get(package["urls"]["dash"]))
            duration = mpd.attrib["mediaPresentationDuration"]
            self.assertRegex(duration, r"^PT(29|30)")
            playlists = [url for url in self._playlist(package["urls"]["hls"]) if url.endswith("/media.m3u8")]
            self.assertGreaterEqual(len(playlists), 2)
            segments = [url for playlist in playlists for url in self._playlist(playlist) if url.endswith(".m4s")]
            self.assertGreaterEqual(len(segments), 10)
            served = {url: hashlib.sha256(self._get(url)).hexdigest() for url in segments}

            folder = package["url"].rsplit("/", 1)[0]
            for absent in ("v1/99.m4s", "v9/1.m4s", "v1/01.m4s"):
                self.assertIn(http_client.get(self.instance, f"{folder}/{absent}").status, (403, 404), absent)
            token = self.stack.api("POST", f"/packaged_content/{package['packaged_content_id']}/playback_tokens")
            self.assertTrue(token["token"])

            made = self._digests(package)
            served = {url.removeprefix(f"{folder}/"): digest for url, digest in served.items()}
            self.assertEqual(made, {**early, **served}, "what is served is stored, and nothing else")

        package = eventually(self, lambda: self._package(content, "Ready"))
        self.assertEqual(self._digests(package), made, "the stages continue over what was made")

    def test_a_package_on_demand_has_what_viewers_request_until_it_is_made_ahead(self) -> None:
        content = self._upload("on-demand/sample.mp4")
        body = {"input_content_id": content, "scheme": "clear", "when": "on-demand", "retention_days": 7}
        path = f"/packaged_content/{self.stack.api('POST', '/packaged_content', body)['packaged_content_id']}"

        def package(**expected: Any) -> dict[str, Any] | None:
            found = self.stack.api("GET", path)
            return found if all(found[name] == value for name, value in expected.items()) else None

        planned = eventually(self, lambda: package(playable=True))
        self.assertEqual((planned["status"], planned["when"], planned["segments_made"]), ("Fragmented", "on-demand", 0))
        unwatched = self._digests(planned)
        self.assertFalse([name for name in unwatched if not name.endswith((".mpd", ".m3u8", "/init.mp4"))], unwatched)

        folder = planned["url"].rsplit("/", 1)[0]
        segment = self._get(f"{folder}/v1/3.m4s")
        self.assertEqual(eventually(self, lambda: package(segments_made=1))["status"], "Fragmented")
        made = self._digests(planned)
        self.assertEqual(made, {**unwatched, "v1/3.m4s": hashlib.sha256(segment).hexdigest()})
        object_at = {"Bucket": self.outputs["OutputBucket"], "Key": f"{planned['packaged_content_id']}/v1/3.m4s"}
        tags = self.instance.client("s3").get_object_tagging(**object_at)["TagSet"]
        self.assertEqual(tags, [{"Key": "retention-days", "Value": "7"}])
        # As the lifecycle rule deletes it.
        self.instance.client("s3").delete_object(**object_at)
        self.assertEqual(self._get(f"{folder}/v1/3.m4s?again"), segment)
        self.assertEqual(self._digests(planned), made)

        self.stack.api("POST", f"{path}/ahead")
        ready = eventually(self, lambda: package(status="Ready"))
        self.assertEqual(ready["when"], "ahead")
        self.assertGreater(len(self._digests(ready)), len(made))
        self.assertEqual(self._digests(ready)["v1/3.m4s"], made["v1/3.m4s"])


if __name__ == "__main__":
    unittest.main()
