"""The comparison of requests with the models of AWS's services: the requests of the AWS SDK for Python pass, changed ones do not."""

import json
import unittest
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from infra.local.service_models import Request, examine


class ServiceModels(unittest.TestCase):
    """`infra.local.service_models`."""

    def test_requests_of_an_sdk_pass(self) -> None:
        item = {"pk": {"S": "a"}, "size": {"N": "1"}, "flags": {"BOOL": True}}
        for service, operation, parameters in (
            ("dynamodb", "PutItem", {"TableName": "table", "Item": item, "ReturnValues": "ALL_OLD"}),
            ("kms", "Decrypt", {"CiphertextBlob": b"wrapped", "EncryptionContext": {"id": "a"}}),
            ("sqs", "SendMessage", {"QueueUrl": "http://127.0.0.1/1/queue", "MessageBody": "{}"}),
            ("s3", "PutObject", {"Bucket": "b", "Key": "a key+ü", "Body": b"1", "IfNoneMatch": "*", "Metadata": {"a": "1"}}),
            ("s3", "UploadPart", {"Bucket": "b", "Key": "k", "PartNumber": 2, "UploadId": "u", "Body": b"1"}),
            ("s3", "ListParts", {"Bucket": "b", "Key": "k", "UploadId": "u"}),
            ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "p/"}),
            ("s3", "DeleteObjects", {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}], "Quiet": True}}),
            ("s3", "CompleteMultipartUpload", _COMPLETE),
            ("cloudfront", "CreateInvalidation", _INVALIDATION),
        ):  # fmt: skip
            with self.subTest(operation):
                request = _sent(service, operation, parameters)
                self.assertEqual(examine(request), (f"{service}:{operation}", []))

    def test_a_presigned_url_passes(self) -> None:
        client = boto3.client(
            "s3", "us-east-1", endpoint_url="http://127.0.0.1:1", aws_access_key_id="a", aws_secret_access_key="b",
            config=Config(signature_version="s3v4"),
        )  # fmt: skip
        part = {"Bucket": "b", "Key": "k", "PartNumber": 1, "UploadId": "u"}
        url = urlsplit(client.generate_presigned_url("upload_part", part))
        request = Request("s3", "PUT", f"{url.path}?{url.query}", {"host": url.netloc, "content-length": "1"}, b"1")
        self.assertEqual(examine(request), ("s3:UploadPart", []))

    def test_what_a_json_service_does_not_know_is_named(self) -> None:
        request = _sent("dynamodb", "PutItem", {"TableName": "table", "Item": {"pk": {"S": "a"}}})
        for change, expected in (
            ({"Consistent": True}, "body has no member Consistent"),
            ({"ReturnValues": "EVERYTHING"}, "body.ReturnValues is 'EVERYTHING', not one of"),
            ({"TableName": 1}, "body.TableName is int, not string"),
            ({"Item": {"pk": {"T": "a"}}}, "body.Item[pk] has no member T"),
        ):
            body = json.dumps({**json.loads(request.body), **change}).encode()
            self._assert_fault(replace(request, body=body), f"dynamodb:PutItem: {expected}")
        lacking = replace(request, body=b'{"TableName": "table"}')
        self._assert_fault(lacking, "dynamodb:PutItem: body lacks Item")
        unknown = replace(request, headers={**request.headers, "x-amz-target": "DynamoDB_20120810.Put"})
        self._assert_fault(unknown, "dynamodb: POST / is no operation")

    def test_what_s3_does_not_know_is_named(self) -> None:
        request = _sent("s3", "CompleteMultipartUpload", _COMPLETE)
        name = "s3:CompleteMultipartUpload"
        header = replace(request, headers={**request.headers, "x-amz-if-absent": "*"})
        self._assert_fault(header, f"{name}: the header x-amz-if-absent is unknown")
        parameter = replace(request, target=f"{request.target}&partsize=1")
        self._assert_fault(parameter, f"{name}: the parameter partsize is unknown")
        member = replace(request, body=request.body.replace(b"PartNumber", b"Part-Number"))
        self._assert_fault(member, f"{name}: CompleteMultipartUpload.Part has no member Part-Number")
        number = replace(request, body=request.body.replace(b"<PartNumber>1<", b"<PartNumber>one<"))
        self._assert_fault(number, f"{name}: CompleteMultipartUpload.Part.PartNumber is 'one', not a number")
        root = replace(request, body=request.body.replace(b"CompleteMultipartUpload", b"Complete"))
        self._assert_fault(root, f"{name}: the body is Complete, not CompleteMultipartUpload")
        put = _sent("s3", "PutObject", {"Bucket": "b", "Key": "k", "StorageClass": "STANDARD"})
        stored = replace(put, headers={**put.headers, "x-amz-storage-class": "COLD"})
        self._assert_fault(stored, "s3:PutObject: x-amz-storage-class is 'COLD', not one of")

    def _assert_fault(self, request: Request, expected: str) -> None:
        _, found = examine(request)
        self.assertTrue(any(fault.startswith(expected) for fault in found), f"{expected}: {found}")


_PARTS = [{"ETag": '"a"', "PartNumber": 1}, {"ETag": '"b"', "PartNumber": 2}]
_COMPLETE = {"Bucket": "b", "Key": "k", "UploadId": "u", "MultipartUpload": {"Parts": _PARTS}}
_INVALIDATION = {
    "DistributionId": "E1",
    "InvalidationBatch": {"CallerReference": "1", "Paths": {"Quantity": 1, "Items": ["/*"]}},
}


def _sent(service: str, operation: str, parameters: dict[str, Any]) -> Request:
    """The request that the AWS SDK for Python sends for an operation."""
    config = Config(s3={"addressing_style": "path"})
    client = boto3.client(
        service, "us-east-1", endpoint_url="http://127.0.0.1:1", config=config,
        aws_access_key_id="test", aws_secret_access_key="test",
    )  # fmt: skip
    sent: list[Request] = []

    def capture(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        url = urlsplit(request.url)
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        body = request.body.encode() if isinstance(request.body, str) else request.body
        target = f"{url.path}?{url.query}" if url.query else url.path
        sent.append(Request(service, request.method, target, headers, body if isinstance(body, bytes) else b""))
        return AWSResponse(request.url, 500, {}, None)

    client.meta.events.register("before-send", capture)
    method = {shape: name for name, shape in client.meta.method_to_api_mapping.items()}[operation]
    try:
        getattr(client, method)(**parameters)
    except Exception:  # noqa: BLE001  (the response is no response)
        assert sent
    return sent[0]


if __name__ == "__main__":
    unittest.main()
