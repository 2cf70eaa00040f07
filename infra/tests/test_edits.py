"""Edits of a package, on a temporary stack: the manifests change, the media stays, and a revision comes back."""

import time
import unittest
from typing import Any

from infra.local import http_client
from infra.local.instance import Instance
from infra.local.stack import Stack
from infra.local.tools import ROOT
from infra.tests.temporary_stack import eventually, hold

_MOVIE = ROOT / "tests" / "media" / "sample.mp4"
_SUBTITLES = b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n"


class Edits(unittest.TestCase):
    """Edits of a package that is Ready."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.instance = Instance(hold(cls)["instance"])
        cls.outputs = cls.instance.outputs()
        cls.stack = Stack.local(cls.instance)

    def _get(self, url: str) -> str:
        response = http_client.get(self.instance, url)
        self.assertEqual(response.status, 200, url)
        return response.body.decode()

    def _ready(self) -> dict[str, Any] | None:
        packages = self.stack.api("GET", "/packaged_content")["packaged_content"]
        return next((package for package in packages if package["status"] == "Ready"), None)

    def _subtitles(self) -> str | None:
        """Returns the id of the subtitle file, once it is ingested."""
        contents = self.stack.api("GET", "/input_content?status=Subtitles")["input_content"]
        return contents[0]["input_content_id"] if contents else None

    def _media(self, package: str) -> dict[str, Any]:
        """Returns the time and the entity tag of each object with media, by its key."""
        s3, bucket = self.instance.client("s3"), self.outputs["OutputBucket"]
        entries = s3.list_objects_v2(Bucket=bucket, Prefix=f"{package}/")["Contents"]
        return {
            one["Key"]: (one["LastModified"], one["ETag"]) for one in entries if one["Key"].endswith((".m4s", ".mp4"))
        }

    def _published(self, path: str, revision: int) -> bool:
        return self.stack.api("GET", path)["revision"] == {"latest": revision, "published": revision}

    def test_an_edit_changes_the_manifests_alone_and_an_older_revision_comes_back(self) -> None:
        self.instance.client("s3").upload_file(str(_MOVIE), self.outputs["UploadsBucket"], "edits/sample.mp4")
        self.instance.client("s3").put_object(Bucket=self.outputs["UploadsBucket"], Key="edits/en.vtt", Body=_SUBTITLES)
        package = eventually(self, self._ready)
        content = eventually(self, self._subtitles)
        path = f"/packaged_content/{package['packaged_content_id']}"
        media, planned = self._media(package["packaged_content_id"]), self._get(package["urls"]["hls"])

        edit = {
            "tracks": [{"id": "a1", "label": "Original", "language": "de"}],
            "subtitles": [{"input_content_id": content, "language": "en", "label": "English CC", "kind": "captions"}],
            "chapters": {"language": "en", "list": [{"start_seconds": 0, "title": "Start"}]},
        }
        begun = time.monotonic()
        self.assertEqual(self.stack.api("PATCH", path, edit)["revision"], 1)
        eventually(self, lambda: self._published(path, 1))
        print(f"an edit was published in {time.monotonic() - begun:.2f} s")
        hls, mpd = self._get(package["urls"]["hls"]), self._get(package["urls"]["dash"])
        for expected in ('NAME="Original"', 'NAME="English CC"', "chapters.json", "t1/media.m3u8"):
            self.assertIn(expected, hls)
        for expected in ("<Label>Original</Label>", 'lang="de"', "t1/subtitles.vtt"):
            self.assertIn(expected, mpd)
        folder = package["url"].rsplit("/", 1)[0]
        self.assertIn("Hello", self._get(f"{folder}/t1/subtitles.vtt"))

        self.stack.api("POST", f"{path}/revisions/0/restore")
        eventually(self, lambda: self._published(path, 2))
        self.assertEqual(self._get(package["urls"]["hls"]), planned)
        self.assertIn("Hello", self._get(f"{folder}/t1/subtitles.vtt"), "an older manifest goes on playing")
        self.assertEqual(self._media(package["packaged_content_id"]), media, "no media is written")


if __name__ == "__main__":
    unittest.main()
