"""Recovery: `make redrive` redrives dead-lettered work, and `make restore` restores lost data (the restore drill).

The tests use a temporary stack with visibility timeouts of seconds instead of minutes.
"""

import base64
import json

from infra.local import emulator, redrive, restore
from infra.local.iam.functions import object_created, put_presigned
from infra.local.instance import Instance
from infra.local.stack import Stack
from infra.tests.on_a_stack import MOVIE, OnAStack
from infra.tests.recording import EXPECTED_OPERATIONS, Recording, WebhookReceiver
from infra.tests.temporary_stack import eventually, hold

VISIBILITY_SECONDS = 8


class Recovery(OnAStack):
    """`make redrive` and `make restore`."""

    @classmethod
    def setUpClass(cls) -> None:
        port = emulator.free_port()
        cls.recording, cls.receiver = Recording(f"http://127.0.0.1:{port}"), WebhookReceiver()
        cls.addClassCleanup(cls.receiver.close)
        cls.addClassCleanup(cls.recording.close)
        arguments = ["--port", str(port), "--functions-endpoint", cls.recording.endpoint]
        stack = hold(cls, *arguments, "--parameter", f"WebhookUrl={cls.receiver.url}")
        cls.instance = Instance(stack["instance"])
        cls.outputs = cls.instance.outputs()
        cls.sqs = cls.instance.client("sqs")
        cls.stack = Stack.local(cls.instance)

    def test_a_poison_message_fails_its_package_blocks_no_other_and_is_redriven(self) -> None:
        encrypt, dead = self.outputs["EncryptQueueUrl"], self.outputs["EncryptDeadQueueUrl"]
        for queue in (encrypt, dead):
            self.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)})
        with self.stack.consumers_paused(self.stack.queue_attributes(encrypt)["QueueArn"]):
            poisoned = self._package_of("poison.mp4")
            eventually(self, lambda: self._api(f"/packaged_content/{poisoned}")["status"] == "Fragmented")
            key = self._change_key(poisoned, base64.b64encode(b"no wrapped key").decode())
            self.sqs.send_message(QueueUrl=encrypt, MessageBody="not a message")
        others = [self._package_of(f"other {number}.mp4") for number in range(3)]
        for other in others:
            eventually(self, lambda other=other: self._api(f"/packaged_content/{other}")["status"] == "Ready")
        failure = eventually(self, lambda: self._api(f"/packaged_content/{poisoned}").get("failure"))
        self.assertEqual((failure["stage"], failure["code"]), ("encrypt", "retries_exhausted"))
        eventually(self, lambda: self.stack.dead_letters("encrypt") == 1)

        self.assertEqual(redrive.run(self.stack, yes=False), 0)
        self.assertEqual(self._api(f"/packaged_content/{poisoned}")["status"], "Failed", "the redrive only listed it")
        self.assertEqual(self.stack.dead_letters("encrypt"), 1)

        self._change_key(poisoned, key)
        self.assertEqual(redrive.run(self.stack, yes=True), 0)
        eventually(self, lambda: self._api(f"/packaged_content/{poisoned}")["status"] == "Ready")
        remaining = self.stack.queue_depth(encrypt) + self.stack.dead_letters("encrypt")
        self.assertEqual(remaining, 1, "the invalid message is redriven and not lost")

    def test_an_upload_whose_ingest_failed_is_ingested_again(self) -> None:
        bucket = self.outputs["UploadsBucket"]
        etag = self.instance.client("s3").put_object(Bucket=bucket, Key="a b.mp4", Body=MOVIE.read_bytes())["ETag"]
        content = self._content_of("a b.mp4")
        table = self.instance.client("dynamodb")
        key = {"pk": {"S": f"content#{content['input_content_id']}"}, "sk": {"S": "content"}}
        table.delete_item(TableName=self.outputs["TableName"], Key=key)
        s3_object = {"key": "a+b.mp4", "eTag": etag.strip('"'), "size": MOVIE.stat().st_size}
        event = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket}, "object": s3_object}}]}
        # The second is a dead letter of an earlier version, whose ingest S3 invoked.
        for letter in (event, {"requestPayload": event}):
            table.delete_item(TableName=self.outputs["TableName"], Key=key)
            self.sqs.send_message(QueueUrl=self.outputs["IngestDeadQueueUrl"], MessageBody=json.dumps(letter))
            eventually(self, lambda: self._content_of("a b.mp4").get("code") == "ingest_failed")
            self.assertEqual(redrive.run(self.stack, yes=True), 0)
            eventually(self, lambda: self._content_of("a b.mp4")["status"] == "Ingested")

    def test_an_upload_through_the_api_needs_no_notification_of_s3(self) -> None:
        s3, bucket = self.instance.client("s3"), self.outputs["UploadsBucket"]
        notifications = s3.get_bucket_notification_configuration(Bucket=bucket)
        notifications.pop("ResponseMetadata")
        put = s3.put_bucket_notification_configuration
        put(Bucket=bucket, NotificationConfiguration={})
        self.addCleanup(put, Bucket=bucket, NotificationConfiguration=notifications)
        movie = MOVIE.read_bytes()
        upload = self._send("POST", "/uploads", {"name": "late.mp4", "bytes": len(movie)}).json()
        put_presigned(upload["urls"][0]["url"], movie)
        completed = self._send("POST", f"/uploads/{upload['upload_id']}/complete").json()
        path = f"/input_content/{completed['input_content_id']}"
        eventually(self, lambda: self._send("GET", path).status == 200)
        content, key = self._api(path), completed["input_content_origin"].split("/", 3)[3]
        package = f"/packaged_content/{content['packaged_content_id']}"
        eventually(self, lambda: self._api(package)["status"] == "Ready")

        ready, head = self._api(package), s3.head_object(Bucket=bucket, Key=key)
        event = object_created(bucket, key, head["ETag"].strip('"'), len(movie))
        event["Records"][0]["s3"]["object"]["versionId"] = head["VersionId"]
        function = f"{self.stack.name}-ingest"
        for _ in range(2):
            self.sqs.send_message(QueueUrl=self.outputs["IngestQueueUrl"], MessageBody=json.dumps(event))
            # S3 invoked the ingest of earlier versions, whose events can wait during an upgrade.
            invoked = self.instance.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
            self.assertNotIn("FunctionError", invoked)
        eventually(self, lambda: self.stack.queue_depth(self.outputs["IngestQueueUrl"]) == 0)
        self.assertEqual((self._api(path), self._api(package)), (content, ready), "late notifications change nothing")

    def test_a_lost_table_and_a_lost_source_are_restored(self) -> None:
        table, dynamodb = self.outputs["TableName"], self.instance.client("dynamodb")
        package = self._package_of("drill.mp4")
        eventually(self, lambda: self._api(f"/packaged_content/{package}")["status"] == "Ready")
        before, licence = self._api(f"/packaged_content/{package}"), self._licence(package)
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName="drill", UseLatestRestorableTime=True
        )
        dynamodb.get_waiter("table_exists").wait(TableName="drill")
        self._delete_items(package)
        self.assertEqual(self._send("GET", f"/packaged_content/{package}").status, 404)

        self.assertEqual(restore.run(self.stack, "drill"), 0)
        self.assertEqual(self._api(f"/packaged_content/{package}"), before)
        self.assertEqual(self._licence(package), licence, "the content key can be decrypted")
        newer = self._change_key(package, "newer")
        self.assertEqual(restore.run(self.stack, "drill"), 0)
        self.assertEqual(self._change_key(package, newer), "newer", "existing items are not overwritten")

        s3, bucket = self.instance.client("s3"), self.outputs["UploadsBucket"]
        marker = s3.delete_object(Bucket=bucket, Key="drill.mp4")["VersionId"]
        request = {"input_content_id": before["input_content_id"], "layout": "single-file"}
        another = self._send("POST", "/packaged_content", request).json()["packaged_content_id"]
        failure = eventually(self, lambda: self._api(f"/packaged_content/{another}").get("failure"))
        self.assertEqual(failure["code"], "source_missing")
        s3.delete_object(Bucket=bucket, Key="drill.mp4", VersionId=marker)
        self._send("POST", f"/packaged_content/{another}/retry").json()
        eventually(self, lambda: self._api(f"/packaged_content/{another}")["status"] == "Ready")

    def test_the_functions_send_no_request_that_aws_does_not_know(self) -> None:
        """The requests of all tests of this class, of a client's upload, of a webhook and of a deletion."""
        size = 70 << 20
        upload = self._send("POST", "/uploads", {"name": "zeros.mp4", "bytes": size}).json()
        path, part_bytes = f"/uploads/{upload['upload_id']}", upload["part_bytes"]
        for part in upload["urls"]:
            first = (part["part"] - 1) * part_bytes
            put_presigned(part["url"], bytes(min(part_bytes, size - first)))
        self._send("POST", f"{path}/complete").json()
        package = self._package_of("recorded.mp4")
        eventually(self, lambda: self._api(f"/packaged_content/{package}")["status"] == "Ready")
        self._licence(package)
        self._send("DELETE", f"/packaged_content/{package}").json()
        eventually(self, lambda: EXPECTED_OPERATIONS <= self.recording.operations)
        faults = [f"{fault}: {request}" for fault, request in self.recording.faults.items()]
        self.assertFalse(faults, "\n".join(faults))

    def _delete_items(self, package: str) -> None:
        """Deletes all items of a package from the table."""
        table, dynamodb = self.outputs["TableName"], self.instance.client("dynamodb")
        items = dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :package",
            ExpressionAttributeValues={":package": {"S": f"package#{package}"}},
        )["Items"]
        self.assertGreater(len(items), 0)
        for item in items:
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})

    def _change_key(self, package: str, wrapped: str) -> str:
        """Overwrites the encrypted content key of a package in the table. Returns the previous value."""
        response = self.instance.client("dynamodb").update_item(
            TableName=self.outputs["TableName"],
            Key={"pk": {"S": f"package#{package}"}, "sk": {"S": "package"}},
            UpdateExpression="SET video_key = :key",
            ExpressionAttributeValues={":key": {"S": wrapped}},
            ReturnValues="UPDATED_OLD",
        )
        return response["Attributes"]["video_key"]["S"]
