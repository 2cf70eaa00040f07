"""Invokes functions with the events that AWS sends them: S3 notifications, SQS batches, API Gateway requests."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..instance import REGION, STACK, Instance

_ACCOUNT = "000000000000"


class WorkloadError(Exception):
    """A function failed, or its result is not the expected one."""


class Functions:
    """The deployed functions. Nothing else invokes them: their event sources are disabled."""

    def __init__(self, instance: Instance) -> None:
        self._outputs = instance.outputs()
        self._token = instance.token()
        self._sqs, self._lambda = instance.client("sqs"), instance.client("lambda")
        for mapping in self._lambda.list_event_source_mappings()["EventSourceMappings"]:
            self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        instance.client("s3").put_bucket_notification_configuration(
            Bucket=self._outputs["UploadsBucket"], NotificationConfiguration={}
        )

    def ingest(self, event: dict[str, Any]) -> None:
        """Invokes ingest with the message of an S3 notification."""
        self.handle("ingest", "IngestQueue", {"body": json.dumps(event)})

    def api(
        self, method: str, target: str, body: Any = None, expect: tuple[int, ...] = (200, 201, 202)
    ) -> dict[str, Any]:
        """Invokes the API as an operator. Returns the response body."""
        path, _, query = target.partition("?")
        response = self.http("api", method, path, query=query, body=body, token=self._token)
        if response["statusCode"] not in expect:
            raise WorkloadError(f"{method} {target}: {response}")
        return json.loads(response["body"])

    def http(self, function: str, method: str, path: str, query: str = "", body: Any = None, token: str = "") -> Any:
        """Invokes a function with an API Gateway request (payload format 2.0)."""
        headers = {"host": "api.example", "authorization": f"Bearer {token}", "content-type": "application/json"}
        http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "iam"}
        context = {
            "accountId": _ACCOUNT, "apiId": "api", "domainName": "api.example", "domainPrefix": "api", "http": http,
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
        }  # fmt: skip
        event = {
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
            "requestContext": context, "isBase64Encoded": False,
        }  # fmt: skip
        if query:
            event["queryStringParameters"] = dict(pair.split("=", 1) for pair in query.split("&"))
        if body is not None:
            event["body"] = json.dumps(body)
        return self._invoke(function, event)

    def handle_all(self, function: str, queue: str) -> None:
        """Invokes a function with each message of a queue."""
        for message in self.receive_all(queue):
            self.handle(function, f"{queue}Queue", message)

    def handle(self, function: str, queue: str, message: dict[str, Any]) -> None:
        """Invokes a function with an SQS message."""
        name = self._outputs[f"{queue}Url"].rsplit("/", 1)[-1]
        record = {
            "messageId": "1", "receiptHandle": "1", "body": message["body"], "md5OfBody": "", "messageAttributes": {},
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0", "SenderId": "1", "ApproximateFirstReceiveTimestamp": "0"},
            "eventSource": "aws:sqs", "eventSourceARN": f"arn:aws:sqs:{REGION}:{_ACCOUNT}:{name}", "awsRegion": REGION,
        }  # fmt: skip
        if (self._invoke(function, {"Records": [record]}) or {}).get("batchItemFailures"):
            raise WorkloadError(f"{function}: {message}")

    def receive_all(self, queue: str) -> list[dict[str, Any]]:
        """Receives and deletes all messages of a queue."""
        url, messages = self._outputs[f"{queue}QueueUrl"], []
        while batch := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                messages.append({"body": message["Body"]})
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def _invoke(self, function: str, event: dict[str, Any]) -> Any:
        done = self._lambda.invoke(FunctionName=f"{STACK}-{function}", Payload=json.dumps(event))
        result = json.loads(done["Payload"].read() or b"null")
        if done.get("FunctionError"):
            raise WorkloadError(f"{function}: {result}")
        return result


def object_created(bucket: str, key: str, etag: str, size: int) -> dict[str, Any]:
    """The S3 notification of an upload."""
    s3_object = {"key": key, "eTag": etag, "size": size}
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": s3_object},
            }
        ]
    }


def put_presigned(url: str, body: bytes) -> None:
    """Uploads to a presigned URL."""
    try:
        urlopen(Request(url, data=body, method="PUT"), timeout=30).close()
    except HTTPError as error:
        raise WorkloadError(error) from error
