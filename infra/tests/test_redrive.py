"""A poisoned message fails its package with the reason and blocks no other, and what was given up on is put back to work.

On a stack of its own, whose queues hide a message for seconds where the template says minutes.
"""

import base64
import json
import subprocess
import sys
import time
import unittest
from collections.abc import Callable
from typing import Any

from infra.local import redrive, web
from infra.local.instance import Instance
from infra.local.tools import ROOT

MOVIE = ROOT / "tests" / "media" / "sample.mp4"
PATIENCE_SECONDS = 240
HIDDEN_SECONDS = 8


class Redrive(unittest.TestCase):
    """`make redrive`, and what comes before it."""

    @classmethod
    def setUpClass(cls) -> None:
        command = [sys.executable, "-m", "infra.local", "hold"]
        holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert holder.stdin and holder.stdout
        cls.addClassCleanup(holder.wait)
        cls.addClassCleanup(holder.stdin.close)
        cls.addClassCleanup(holder.stdout.close)
        cls.instance = Instance(json.loads(holder.stdout.readline())["instance"])
        cls.outputs = cls.instance.outputs()
        cls.sqs = cls.instance.client("sqs")

    def test_a_poisoned_message_fails_its_package_blocks_no_other_and_is_put_back_to_work(self) -> None:
        encrypt, dead = self.outputs["EncryptQueueUrl"], self.outputs["EncryptDeadQueueUrl"]
        for queue in (encrypt, dead):
            self.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(HIDDEN_SECONDS)})
        with redrive.stopped(
            redrive.Stack.local(self.instance), redrive.attributes_of(self._stack(), encrypt)["QueueArn"]
        ):
            poisoned = self._package_of("poisoned.mp4")
            self._eventually(lambda: self._api(f"/packaged_content/{poisoned}")["status"] == "Fragmented")
            key = self._change_key(poisoned, base64.b64encode(b"no wrapped key").decode())
            self.sqs.send_message(QueueUrl=encrypt, MessageBody="this is no message")
        others = [self._package_of(f"innocent {number}.mp4") for number in range(3)]
        for other in others:
            self._eventually(lambda other=other: self._api(f"/packaged_content/{other}")["status"] == "Ready")
        failure = self._eventually(lambda: self._api(f"/packaged_content/{poisoned}").get("failure"))
        self.assertEqual((failure["stage"], failure["code"]), ("encrypt", "retries_exhausted"))
        self._eventually(lambda: redrive.waiting(self._stack(), "encrypt") == 1)

        self.assertEqual(redrive.run(self._stack(), yes=False), 0)
        self.assertEqual(self._api(f"/packaged_content/{poisoned}")["status"], "Failed", "it was only listed")
        self.assertEqual(redrive.waiting(self._stack(), "encrypt"), 1)

        self._change_key(poisoned, key)
        self.assertEqual(redrive.run(self._stack(), yes=True), 0)
        self._eventually(lambda: self._api(f"/packaged_content/{poisoned}")["status"] == "Ready")
        attributes = redrive.attributes_of(self._stack(), encrypt)
        back = sum(int(attributes[f"ApproximateNumberOfMessages{own}"]) for own in ("", "NotVisible"))
        self.assertEqual(back + redrive.waiting(self._stack(), "encrypt"), 1, "the message is back, and not lost")

    def test_an_upload_that_was_never_judged_is_told_of_again(self) -> None:
        bucket = self.outputs["UploadsBucket"]
        etag = self.instance.client("s3").put_object(Bucket=bucket, Key="a b.mp4", Body=MOVIE.read_bytes())["ETag"]
        content = self._content_of("a b.mp4")
        table = self.instance.client("dynamodb")
        key = {"pk": {"S": f"content#{content['input_content_id']}"}, "sk": {"S": "content"}}
        table.delete_item(TableName=self.outputs["TableName"], Key=key)
        found = {"key": "a+b.mp4", "eTag": etag.strip('"'), "size": MOVIE.stat().st_size}
        event = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket}, "object": found}}]}
        letter = json.dumps({"requestPayload": event})
        self.sqs.send_message(QueueUrl=self.outputs["IngestDeadQueueUrl"], MessageBody=letter)
        self._eventually(lambda: self._content_of("a b.mp4").get("code") == "ingest_failed")
        self.assertEqual(redrive.run(self._stack(), yes=True), 0)
        self._eventually(lambda: self._content_of("a b.mp4")["status"] == "Ingested")

    def _stack(self) -> redrive.Stack:
        return redrive.Stack.local(self.instance)

    def _api(self, path: str) -> dict[str, Any]:
        return web.get(self.instance, f"{self.outputs['ApiUrl'].rstrip('/')}{path}").json()

    def _content_of(self, key: str) -> dict[str, Any]:
        origin = f"s3://{self.outputs['UploadsBucket']}/{key}"

        def find() -> dict[str, Any] | None:
            listed = self._api("/input_content?limit=100")["input_content"]
            return next((own for own in listed if own["input_content_origin"] == origin), None)

        return self._eventually(find)

    def _package_of(self, key: str) -> str:
        """Uploads a movie, and answers the package that it starts."""
        self.instance.client("s3").upload_file(str(MOVIE), self.outputs["UploadsBucket"], key)
        return self._content_of(key)["packaged_content_id"]

    def _change_key(self, package: str, wrapped: str) -> str:
        """Writes the wrapped key of a package behind the platform's back, and answers what it was."""
        answer = self.instance.client("dynamodb").update_item(
            TableName=self.outputs["TableName"],
            Key={"pk": {"S": f"package#{package}"}, "sk": {"S": "package"}},
            UpdateExpression="SET video_key = :key",
            ExpressionAttributeValues={":key": {"S": wrapped}},
            ReturnValues="UPDATED_OLD",
        )
        return answer["Attributes"]["video_key"]["S"]

    def _eventually(self, look: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (seen := look()):
            self.assertLess(time.monotonic(), end, "waited in vain")
            time.sleep(0.2)
        return seen
