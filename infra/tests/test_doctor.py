"""`vpp doctor` names each fault of a stack, and finds none in a healthy one.

Faults are planted in a temporary stack one at a time. What the emulator cannot do (an account with another quota, a clock that
differs) a proxy in front of it does. CloudWatch's own namespaces are written to, which only an emulator permits.
"""

import json
import os
import subprocess
import unittest
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from infra.local.fault_proxy import Proxy, Response
from infra.local.instance import STACK, Instance
from infra.local.service_models import Request
from infra.local.stack import Stack
from infra.local.tools import ROOT
from infra.tests.temporary_stack import hold

VPP = ROOT / "target" / os.environ.get("VPP_PROFILE", "release") / "vpp"
POLICY = ROOT / "crates" / "cli" / "src" / "doctor" / "policy.json"

Fault = Callable[[], AbstractContextManager[None]]


class Doctor(unittest.TestCase):
    """`vpp doctor` on a local stack."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.instance = Instance(hold(cls)["instance"])

    def setUp(self) -> None:
        self.outputs = self.instance.outputs()
        self.client = self.instance.client

    def test_a_healthy_stack_has_no_finding_and_each_planted_fault_is_named(self) -> None:
        self.assertEqual(self._findings(), [])
        faults: dict[tuple[str, str], Fault] = {
            ("notification_missing", "UploadsBucket"): self._without_notification,
            ("cors_missing", "UploadsBucket"): self._without_cors,
            ("bucket_public", "OutputBucket"): self._without_public_access_block,
            ("key_unusable", "ContentKeysKey"): self._with_disabled_key,
            ("dead_letters", "AnnounceDeadQueue"): self._with_dead_letter,
            ("mapping_disabled", "EncryptFunctionQueue"): self._with_paused_consumer,
            ("resource_missing", "AnnounceDeadQueue"): self._without_queue,
            ("function_without_layer", "IngestFunction"): self._without_layer,
            ("function_disabled", "LicenseFunction"): self._with_disabled_function,
            ("secret_unusable", "OperatorToken"): self._with_deleted_secret,
            ("cdn_disabled", "Distribution"): self._with_disabled_distribution,
            ("cdn_denied", "OutputBucket"): self._without_bucket_policy,
            ("alarm_raised", f"{STACK}-fragment-waiting"): self._with_raised_alarm,
            ("concurrency_quota_low", "Lambda, concurrent"): lambda: self._behind(_LowQuota),
            ("clock_skew", "this machine"): lambda: self._behind(_Ahead),
            # CloudWatch keeps these metrics, so the last faults stay.
            ("table_throttled", "Table"): self._with_throttled_table,
            ("queue_stuck", "EncryptQueue"): self._with_old_message,
        }
        lasting: set[str] = set()
        for (code, location), fault in faults.items():
            with fault():
                done = self._findings()
            with self.subTest(code):
                found = [(finding["code"], finding["where"]) for finding in done]
                matching = [where for name, where in found if name == code and where.startswith(location)]
                self.assertTrue(matching, found)
                # A deleted secret is also seen by the API, which reads it.
                others = {name for name, _ in found} - {code, "api_unavailable", *lasting}
                self.assertEqual(others, set(), done)
            if code == "table_throttled":
                lasting = {code, "alarm_raised"}

    def test_the_documented_policy_is_sufficient_and_a_denial_is_a_finding(self) -> None:
        policy = json.loads(POLICY.read_text())
        for action in policy["Statement"][0]["Action"]:
            self.assertRegex(action, r"^[a-z0-9]+:(Describe|Get|List)", "the policy reads only")
        printed = subprocess.run([VPP, "doctor", "--policy"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(json.loads(printed), policy)
        self.assertIn(POLICY.read_text(), (ROOT / "docs" / "doctor.md").read_text())
        # The emulator asks for this action where AWS asks for lambda:GetEventSourceMapping.
        policy["Statement"][0]["Action"].append("lambda:ListEventSourceMappings")
        complete = self._findings(**self._user("doctor", policy))
        self.assertEqual([finding for finding in complete if finding["code"] == "permission_missing"], [])
        policy["Statement"][0]["Action"].remove("dynamodb:DescribeTable")
        findings = self._findings(**self._user("doctor-without", policy))
        denied = [finding for finding in findings if finding["code"] == "permission_missing"]
        self.assertEqual([finding["where"].split()[0] for finding in denied], ["Table"])
        self.assertIn("dynamodb:DescribeTable", denied[0]["mend"])

    def test_a_stack_that_does_not_exist_and_missing_credentials_are_named(self) -> None:
        missing = self._run("nothing")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("check the name of the stack (nothing)", missing.stderr)
        no_credentials = subprocess.run(
            [VPP, "doctor", "--region", "eu-west-1"], capture_output=True, text=True, env={"PATH": ""}, check=False
        )
        self.assertEqual(no_credentials.returncode, 2)
        self.assertIn("AWS_ACCESS_KEY_ID", no_credentials.stderr)

    def _run(self, stack: str = STACK, **environment: str) -> subprocess.CompletedProcess[str]:
        endpoint = getattr(self, "endpoint", self.instance.endpoint)
        variables = {**self.instance.environment(), "AWS_ENDPOINT_URL": endpoint, **environment}
        command = [VPP, "doctor", stack, "--json"]
        return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=300, check=False)

    def _findings(self, **environment: str) -> list[dict[str, str]]:
        done = self._run(**environment)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        *findings, last = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual((last["type"], last["findings"]), ("doctor", len(findings)))
        self.assertEqual(done.returncode, 1 if findings else 0)
        for finding in findings:
            self.assertTrue(finding["what"] and finding["mend"], finding)
        return findings

    def _user(self, name: str, policy: dict[str, Any]) -> dict[str, str]:
        """The credentials of a new IAM user with one policy."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="doctor", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    @contextmanager
    def _without_notification(self) -> Iterator[None]:
        s3, bucket = self.client("s3"), self.outputs["UploadsBucket"]
        before = s3.get_bucket_notification_configuration(Bucket=bucket)
        before.pop("ResponseMetadata")
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
        yield
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)

    @contextmanager
    def _without_cors(self) -> Iterator[None]:
        s3, bucket = self.client("s3"), self.outputs["UploadsBucket"]
        rules = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
        s3.delete_bucket_cors(Bucket=bucket)
        yield
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})

    @contextmanager
    def _without_public_access_block(self) -> Iterator[None]:
        s3, bucket = self.client("s3"), self.outputs["OutputBucket"]
        blocks = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        s3.delete_public_access_block(Bucket=bucket)
        yield
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocks)

    @contextmanager
    def _with_disabled_key(self) -> Iterator[None]:
        kms, key = self.client("kms"), self.outputs["ContentKeysKey"]
        kms.disable_key(KeyId=key)
        yield
        kms.enable_key(KeyId=key)

    @contextmanager
    def _with_dead_letter(self) -> Iterator[None]:
        sqs, queue = self.client("sqs"), self.outputs["AnnounceDeadQueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="a change that was not published")
        yield
        sqs.purge_queue(QueueUrl=queue)

    @contextmanager
    def _with_old_message(self) -> Iterator[None]:
        self._put_metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", f"{STACK}-encrypt", 7200)
        yield

    @contextmanager
    def _with_paused_consumer(self) -> Iterator[None]:
        stack = Stack.local(self.instance)
        with stack.consumers_paused(stack.queue_attributes(self.outputs["EncryptQueueUrl"])["QueueArn"]):
            yield

    @contextmanager
    def _without_queue(self) -> Iterator[None]:
        sqs, queue = self.client("sqs"), self.outputs["AnnounceDeadQueueUrl"]
        sqs.delete_queue(QueueUrl=queue)
        yield
        sqs.create_queue(QueueName=f"{STACK}-announce-dead")

    @contextmanager
    def _without_layer(self) -> Iterator[None]:
        client, name = self.client("lambda"), f"{STACK}-ingest"
        layers = [layer["Arn"] for layer in client.get_function_configuration(FunctionName=name)["Layers"]]
        client.update_function_configuration(FunctionName=name, Layers=[])
        yield
        client.update_function_configuration(FunctionName=name, Layers=layers)

    @contextmanager
    def _with_disabled_function(self) -> Iterator[None]:
        client, name = self.client("lambda"), f"{STACK}-license"
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        yield
        client.delete_function_concurrency(FunctionName=name)

    @contextmanager
    def _with_deleted_secret(self) -> Iterator[None]:
        client, secret = self.client("secretsmanager"), self.outputs["OperatorTokenSecret"]
        client.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
        yield
        client.restore_secret(SecretId=secret)

    @contextmanager
    def _with_disabled_distribution(self) -> Iterator[None]:
        self._enable_distribution(False)
        yield
        self._enable_distribution(True)

    def _enable_distribution(self, enabled: bool) -> None:
        client, distribution = self.client("cloudfront"), self.outputs["DistributionId"]
        found = client.get_distribution_config(Id=distribution)
        configuration = {**found["DistributionConfig"], "Enabled": enabled}
        # The emulator omits defaults that the service states.
        for origin in configuration["Origins"]["Items"]:
            if "CustomOriginConfig" in origin:
                origin["CustomOriginConfig"].setdefault("HTTPSPort", 443)
        client.update_distribution(Id=distribution, IfMatch=found["ETag"], DistributionConfig=configuration)

    @contextmanager
    def _without_bucket_policy(self) -> Iterator[None]:
        s3, bucket = self.client("s3"), self.outputs["OutputBucket"]
        policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        s3.delete_bucket_policy(Bucket=bucket)
        yield
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)

    @contextmanager
    def _with_throttled_table(self) -> Iterator[None]:
        self._put_metric("AWS/DynamoDB", "WriteThrottleEvents", "TableName", self.outputs["TableName"], 12)
        yield

    @contextmanager
    def _with_raised_alarm(self) -> Iterator[None]:
        client, name = self.client("cloudwatch"), f"{STACK}-fragment-waiting"
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="planted")
        yield
        client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="planted")

    def _put_metric(self, namespace: str, name: str, dimension: str, value: str, number: float) -> None:
        data = {"MetricName": name, "Dimensions": [{"Name": dimension, "Value": value}], "Value": number}
        data["Timestamp"] = datetime.now(timezone.utc) - timedelta(minutes=2)
        self.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[data])

    @contextmanager
    def _behind(self, proxy_of: type[Proxy]) -> Iterator[None]:
        proxy = proxy_of(self.instance.endpoint)
        self.endpoint = proxy.endpoint
        yield
        proxy.close()
        del self.endpoint


class _LowQuota(Proxy):
    """An account with 10 concurrent executions."""

    def answer(self, handler: BaseHTTPRequestHandler, request: Request) -> Response | None:
        response = super().answer(handler, request)
        if response is None or "account-settings" not in request.target:
            return response
        status, body, headers = response
        settings = json.loads(body)
        settings["AccountLimit"]["ConcurrentExecutions"] = 10
        return status, json.dumps(settings).encode(), headers


class _Ahead(Proxy):
    """An AWS whose clock is ten minutes ahead of this machine's: within what the emulator accepts in a signature."""

    def answer(self, handler: BaseHTTPRequestHandler, request: Request) -> Response | None:
        response = super().answer(handler, request)
        if response is None:
            return None
        status, body, headers = response
        date = format_datetime(datetime.now(timezone.utc) + timedelta(minutes=10), usegmt=True)
        return status, body, [*(pair for pair in headers if pair[0].lower() != "date"), ("Date", date)]


if __name__ == "__main__":
    unittest.main()
