"""The workload of the IAM test: a sequence of invocations that exercises every permission of the functions."""

from __future__ import annotations

import json
import uuid
from typing import Any

from ..demo import SAMPLE
from ..instance import Instance
from ..tools import ROOT
from .functions import Functions, WorkloadError, object_created, put_presigned

LONG_MOVIE = ROOT / "tests" / "media" / "made" / "film-moov-last.mp4"
"""A movie whose single-file tracks are written as multipart uploads."""

_CONTENT_KEY = "0123456789abcdef0123456789abcdef"


class Workload:
    """Runs the workload."""

    def __init__(self, instance: Instance) -> None:
        self._functions = Functions(instance)
        self._outputs = instance.outputs()
        self._s3, self._dynamodb = instance.client("s3"), instance.client("dynamodb")
        self._long_content: str | None = None

    def run(self) -> None:
        """Packages a short movie and uses every operation of the API."""
        self._purge_queues()
        key = f"iam/{uuid.uuid4().hex}.mp4"
        content = self._ingest(key, SAMPLE.read_bytes())
        without_version = self._ingest_missing_source()
        self._client_uploads()
        packages = [
            self._create_package(content, {"key": _CONTENT_KEY, "kid": uuid.uuid4().hex}),
            self._create_package(content, {"layout": "single-file", "segment_seconds": 5}),
        ]
        failing = self._create_package(content, {"scheme": "clear"})
        for message in self._functions.receive_all("Fragment"):
            self._functions.handle("fragment", "FragmentQueue", message)
            self._functions.handle("fragment", "FragmentQueue", message)
        self._request_segment(packages[0])
        work_units = self._functions.receive_all("Encrypt")
        for message in {message["body"]: message for message in work_units if failing not in message["body"]}.values():
            self._functions.handle("encrypt", "EncryptQueue", message)
            self._delete_receipt(message)
            self._functions.handle("encrypt", "EncryptQueue", message)
        self._dead_letter_and_retry(packages[0], "Dash")
        dash_messages = self._functions.receive_all("Dash")
        for message in {json.loads(one["body"])["packaged_content_id"]: one for one in dash_messages}.values():
            self._functions.handle("dash", "DashQueue", message)
            self._set(message, "status", "Encrypted")
            self._functions.handle("dash", "DashQueue", message)
        for package in packages:
            self._expect_status(package, "Ready")
            self._request_licence(package)
        self._edit(packages[0])
        self._list_all()
        on_demand = self._create_package(
            content, {"when": "on-demand", "retention_days": 30, "scheme": "clear", "segment_seconds": 4}
        )
        self._functions.handle_all("fragment", "Fragment")
        self._request_segment(on_demand)
        if self._functions.api("GET", f"/packaged_content/{on_demand}")["segments_made"] != 1:
            raise WorkloadError("the segment is not counted")
        self._dead_letter_and_retry(failing, "Fragment")
        self._delete_source(key, content, [message for message in work_units if failing in message["body"]])
        self._delete_package(packages[0])
        self._functions.api("DELETE", f"/input_content/{content}")
        self._functions.api("DELETE", f"/input_content/{without_version}")
        self._functions.handle_all("delete", "Deletion")

    def run_with_long_movie(self) -> None:
        """Packages a long movie, whose tracks are multipart uploads."""
        self._purge_queues()
        if not self._long_content:
            self._long_content = self._ingest("iam/film.mp4", LONG_MOVIE.read_bytes())
        options = {"layout": "single-file", "kid": uuid.uuid4().hex, "key": _CONTENT_KEY}
        package = self._create_package(self._long_content, options)
        deleted = self._create_package(self._long_content, {**options, "kid": uuid.uuid4().hex})
        self._functions.handle_all("fragment", "Fragment")
        messages = self._functions.receive_all("Encrypt")
        work_units = {message["body"]: message for message in messages if package in message["body"]}
        for message in work_units.values():
            self._functions.handle("encrypt", "EncryptQueue", message)
        first = next(iter(work_units.values()))
        self._set(first, "status", "Fragmented")
        self._delete_receipt(first)
        self._functions.handle("encrypt", "EncryptQueue", first)
        message = self._functions.receive_all("Dash")[-1]
        self._functions.handle("dash", "DashQueue", message)
        self._expect_status(package, "Ready")
        self._delete_package(deleted)

    def _purge_queues(self) -> None:
        """Removes the messages of an earlier, failed run."""
        for queue in ("Ingest", "Fragment", "Encrypt", "Dash", "Deletion"):
            self._functions.receive_all(queue)

    @property
    def _bucket(self) -> str:
        return self._outputs["UploadsBucket"]

    def _ingest(self, key: str, movie: bytes) -> str:
        """Uploads and ingests a movie. Returns the content's id."""
        put = self._s3.put_object(Bucket=self._bucket, Key=key, Body=movie)
        event = object_created(self._bucket, key, put["ETag"].strip('"'), len(movie))
        event["Records"][0]["s3"]["object"]["versionId"] = put["VersionId"]
        self._functions.ingest(event)
        (content,) = self._list(f"/input_content?origin=s3://{self._bucket}/{key}", "input_content")
        self._functions.handle_all("fragment", "Fragment")
        self._functions.receive_all("Encrypt")
        return content["input_content_id"]

    def _ingest_missing_source(self) -> str:
        """Ingests an object that does not exist, and a dead letter of ingest. Returns the id of the first, which has no version."""
        key = f"iam/{uuid.uuid4().hex}-missing.mp4"
        self._functions.ingest(object_created(self._bucket, key, "0" * 32, 1000))
        (content,) = self._list(f"/input_content?origin=s3://{self._bucket}/{key}", "input_content")
        if content["code"] != "source_missing":
            raise WorkloadError(content)
        event = object_created(self._bucket, key, "1" * 32, 1000)
        self._functions.handle("dead-letter", "IngestDeadQueue", {"body": json.dumps(event)})
        return content["input_content_id"]

    def _client_uploads(self) -> None:
        """Completes an upload of one part, and aborts one of several parts."""
        upload = self._functions.api("POST", "/uploads", {"name": "still.mp4", "bytes": 4})
        path = f"/uploads/{upload['upload_id']}"
        if self._functions.api("POST", f"{path}/complete", expect=(409,))["code"] != "upload_incomplete":
            raise WorkloadError(path)
        put_presigned(upload["urls"][0]["url"], b"1234")
        self._functions.api("GET", path)
        self._functions.api("POST", f"{path}/complete")
        upload = self._functions.api("POST", "/uploads", {"name": "large.mp4", "bytes": 70 << 20})
        self._functions.api("GET", f"/uploads/{upload['upload_id']}")
        self._functions.api("DELETE", f"/uploads/{upload['upload_id']}")

    def _create_package(self, content: str, options: dict[str, Any]) -> str:
        body = {"input_content_id": content, **options}
        return self._functions.api("POST", "/packaged_content", body, expect=(202,))["packaged_content_id"]

    def _request_segment(self, package: str) -> None:
        """Requests a segment before it is written: it is made, and read the next time."""
        for _ in range(2):
            response = self._functions.http("origin", "GET", f"/{package}/v1/1.m4s")
            if response["statusCode"] != 200:
                raise WorkloadError(response)

    def _request_licence(self, package: str) -> None:
        token = self._functions.api("POST", f"/packaged_content/{package}/playback_tokens")["token"]
        kid = self._functions.api("GET", f"/packaged_content/{package}")["kid"]
        path = f"/license/{package}/key"
        response = self._functions.http("license", "GET", path, query=f"kid={kid}", token=token)
        if response["statusCode"] != 200:
            raise WorkloadError(response)

    def _edit(self, package: str) -> None:
        """Adds subtitles to a package, and publishes the revision."""
        subtitles = self._ingest(f"iam/{uuid.uuid4().hex}.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n")
        edit = {"subtitles": [{"input_content_id": subtitles, "language": "en"}]}
        self._functions.api("PATCH", f"/packaged_content/{package}", edit)
        self._functions.handle_all("dash", "Dash")
        if self._functions.api("GET", f"/packaged_content/{package}")["revision"] != {"latest": 1, "published": 1}:
            raise WorkloadError(f"the revision of {package} is not published")

    def _list_all(self) -> None:
        self._list("/packaged_content?limit=20", "packaged_content")
        self._list("/packaged_content?status=Ready&limit=20", "packaged_content")
        self._list("/input_content?limit=20", "input_content")

    def _dead_letter_and_retry(self, package: str, stage: str) -> None:
        """Dead-letters a message of a package, which sets it to Failed, and retries the package."""
        attempt = int(self._item(package)["attempt"]["N"])
        letter = {"body": json.dumps({"schema": 1, "packaged_content_id": package, "attempt": attempt})}
        self._functions.handle("dead-letter", f"{stage}DeadQueue", letter)
        self._expect_status(package, "Failed")
        self._functions.api("POST", f"/packaged_content/{package}/retry", expect=(202,))

    def _delete_source(self, key: str, content: str, work_units: list[dict[str, Any]]) -> None:
        """Deletes the source of a planned and of a queued package. Both must fail with `source_missing`."""
        planned = json.loads(work_units[0]["body"])["packaged_content_id"]
        queued = self._create_package(content, {"scheme": "clear", "segment_seconds": 9})
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        messages = self._functions.receive_all("Fragment")
        attempt = int(self._item(planned)["attempt"]["N"])
        work_unit = {**json.loads(work_units[0]["body"]), "attempt": attempt}
        self._functions.handle("encrypt", "EncryptQueue", {"body": json.dumps(work_unit)})
        for message in (message for message in messages if queued in message["body"]):
            self._functions.handle("fragment", "FragmentQueue", message)
        for package_id in (planned, queued):
            package = self._functions.api("GET", f"/packaged_content/{package_id}")
            if package.get("failure", {}).get("code") != "source_missing":
                raise WorkloadError(package)

    def _delete_package(self, package: str) -> None:
        """Deletes a package: once while a lease is held, then after all leases have expired."""
        self._functions.api("DELETE", f"/packaged_content/{package}", expect=(202,))
        message = next(one for one in self._functions.receive_all("Deletion") if package in one["body"])
        self._functions.handle("delete", "DeletionQueue", message)
        # Repeated, because the CDN invalidation can take time.
        for _ in range(3):
            times = [name for name in ("ready_at", "deleting_at") if name in self._item(package)]
            if not times:
                return
            self._dynamodb.update_item(
                TableName=self._outputs["TableName"],
                Key=_package_key(package),
                UpdateExpression=f"SET {', '.join(f'{name} = :past' for name in times)} REMOVE lease_until",
                ExpressionAttributeValues={":past": {"S": "2020-01-01T00:00:00.000Z"}},
            )
            self._functions.handle("delete", "DeletionQueue", message)
        if self._item(package):
            raise WorkloadError(f"{package} is not deleted")

    def _expect_status(self, package_id: str, status: str) -> None:
        package = self._functions.api("GET", f"/packaged_content/{package_id}")
        if package["status"] != status:
            raise WorkloadError(package)

    def _list(self, path: str, member: str) -> list[dict[str, Any]]:
        return self._functions.api("GET", path)[member]

    def _item(self, package: str) -> dict[str, Any]:
        response = self._dynamodb.get_item(
            TableName=self._outputs["TableName"], Key=_package_key(package), ConsistentRead=True
        )
        return response.get("Item", {})

    def _set(self, message: dict[str, Any], name: str, value: str) -> None:
        """Sets an attribute of a message's package."""
        self._dynamodb.update_item(
            TableName=self._outputs["TableName"],
            Key=_package_key(json.loads(message["body"])["packaged_content_id"]),
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"S": value}},
        )

    def _delete_receipt(self, message: dict[str, Any]) -> None:
        """Restores the state of a function that stopped after it wrote its segments and before it recorded the receipt."""
        body = json.loads(message["body"])
        package, table = body["packaged_content_id"], self._outputs["TableName"]
        self._set(message, "status", "Fragmented")
        items = self._dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :unit)",
            ExpressionAttributeValues={":pk": {"S": f"package#{package}"}, ":unit": {"S": "unit#"}},
        )["Items"]
        receipts = [item for item in items if int(item["sk"]["S"].split("#")[1]) == body["work_unit"]]
        for receipt in receipts:
            self._dynamodb.delete_item(TableName=table, Key={"pk": receipt["pk"], "sk": receipt["sk"]})
        self._dynamodb.update_item(
            TableName=table,
            Key=_package_key(package),
            UpdateExpression="ADD work_units_done :difference",
            ExpressionAttributeValues={":difference": {"N": str(-len(receipts))}},
        )


def _package_key(package: str) -> dict[str, Any]:
    return {"pk": {"S": f"package#{package}"}, "sk": {"S": "package"}}
