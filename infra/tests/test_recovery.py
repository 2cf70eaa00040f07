"""What was given up on is put back to work, and what was lost is brought back: `make redrive`, and the restore drill.

On a stack of their own, whose queues hide a message for seconds where the template says minutes.
"""

import base64
import json
import subprocess
import sys
import time
import unittest
from collections.abc import Callable
from typing import Any

from infra.local import redrive, restore, web
from infra.local.instance import Instance
from infra.local.tools import ROOT

MOVIE = ROOT / "tests" / "media" / "sample.mp4"
PATIENCE_SECONDS = 240
HIDDEN_SECONDS = 8


class Recovery(unittest.TestCase):
    """`make redrive` and `make restore`, and what comes before them."""

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

    def test_a_table_and_a_source_that_were_lost_are_brought_back(self) -> None:
        table, dynamodb = self.outputs["TableName"], self.instance.client("dynamodb")
        package = self._package_of("drill.mp4")
        self._eventually(lambda: self._api(f"/packaged_content/{package}")["status"] == "Ready")
        before, licence = self._api(f"/packaged_content/{package}"), self._licence(package)
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName="drill", UseLatestRestorableTime=True
        )
        dynamodb.get_waiter("table_exists").wait(TableName="drill")
        self._lose(package)
        self.assertEqual(self._answer("GET", f"/packaged_content/{package}").status, 404)

        self.assertEqual(restore.run(self._stack(), "drill"), 0)
        self.assertEqual(self._api(f"/packaged_content/{package}"), before)
        self.assertEqual(self._licence(package), licence, "the key can be opened")
        newer = self._change_key(package, "newer")
        self.assertEqual(restore.run(self._stack(), "drill"), 0)
        self.assertEqual(self._change_key(package, newer), "newer", "what is there is not overwritten")

        s3, bucket = self.instance.client("s3"), self.outputs["UploadsBucket"]
        marker = s3.delete_object(Bucket=bucket, Key="drill.mp4")["VersionId"]
        asked = {"input_content_id": before["input_content_id"], "layout": "single-file"}
        another = self._answer("POST", "/packaged_content", asked).json()["packaged_content_id"]
        failure = self._eventually(lambda: self._api(f"/packaged_content/{another}").get("failure"))
        self.assertEqual(failure["code"], "source_missing")
        s3.delete_object(Bucket=bucket, Key="drill.mp4", VersionId=marker)
        self._answer("POST", f"/packaged_content/{another}/retry").json()
        self._eventually(lambda: self._api(f"/packaged_content/{another}")["status"] == "Ready")

    def _lose(self, package: str) -> None:
        """Takes all that the table has of a package away."""
        table, dynamodb = self.outputs["TableName"], self.instance.client("dynamodb")
        found = dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :package",
            ExpressionAttributeValues={":package": {"S": f"package#{package}"}},
        )["Items"]
        self.assertGreater(len(found), 0)
        for item in found:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})

    def _licence(self, package: str) -> dict[str, Any]:
        """The key of a package as a player gets it."""
        issued = self._answer("POST", f"/packaged_content/{package}/playback_tokens").json()
        kid = base64.urlsafe_b64encode(bytes.fromhex(self._api(f"/packaged_content/{package}")["kid"].replace("-", "")))
        asked = {"kids": [kid.decode().rstrip("=")], "type": "temporary"}
        return web.call(self.instance, "POST", issued["license_url"], asked, issued["token"]).json()

    def _stack(self) -> redrive.Stack:
        return redrive.Stack.local(self.instance)

    def _answer(self, method: str, path: str, body: Any = None) -> web.Answer:
        return web.call(self.instance, method, f"{self.outputs['ApiUrl'].rstrip('/')}{path}", body)

    def _api(self, path: str) -> dict[str, Any]:
        return self._answer("GET", path).json()

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
