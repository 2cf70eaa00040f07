"""Whether every permission of every role is needed, and none is missing: each is taken away, and something must fail.

The functions are called one by one with the events that AWS would send them, in an order that makes use of everything they
may do: packages of both layouts, files sent through the API, sources that are gone, work that is repeated, retries, licences,
deletions. That is the *round*. With the roles as the template has them it succeeds; then one action is taken out of one
statement, for one resource, the round must fail, and the role is put back.

The emulator evaluates policies, but not for everything that AWS does: `UNSEEN` says what cannot be shown here, and why.
Then each role, with credentials of its own, tries what is another's.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .console import say
from .demo import SAMPLE
from .instance import REGION, STACK, Instance
from .tools import ROOT

_LOGS = "functions write to their standard output, and the emulator keeps it"
_TRACES = "the Lambda service sends traces, and the emulator has none"
_MAPPING = "the event source mapping calls it, and the emulator's asks nobody"
_BATCH = "on AWS it is what allows batches; the emulator asks for SendMessageBatch"
_LIST = "S3 answers 403 in place of 404 to who may not list; the emulator answers 404 to everybody"

UNSEEN = {
    "logs:CreateLogStream": _LOGS,
    "logs:PutLogEvents": _LOGS,
    "xray:PutTraceSegments": _TRACES,
    "xray:PutTelemetryRecords": _TRACES,
    "sqs:ReceiveMessage": _MAPPING,
    "sqs:DeleteMessage": _MAPPING,
    "sqs:GetQueueAttributes": _MAPPING,
    "SendWork sqs:SendMessage": _BATCH,
    "SendFragment sqs:SendMessage": _BATCH,
    "SendEncrypt sqs:SendMessage": _BATCH,
    "SendDash sqs:SendMessage": _BATCH,
    "DistinguishMissingFromForbidden s3:ListBucket": _LIST,
    "ReadBearerTokens secretsmanager:GetSecretValue": "the emulator does not tell one secret from another; without both it denies",
    "ReportExhaustedRetries sqs:SendMessage": "Lambda sends it, and the emulator's asks nobody",
    "fragment AbortUploads": "it takes two copies of the function that begin the same uploads at the same moment",
}
"""What the emulator does not notice the absence of: actions, those of a statement, or a role's statement."""

OUTSIDE = ("announce", "webhook")
"""Functions that are no part of the round: the changes of a table and an event bus set them to work."""

FILM = ROOT / "tests" / "media" / "made" / "film-moov-last.mp4"
"""Long enough to be assembled of parts."""

_ACCOUNT = "000000000000"


class Denied(Exception):
    """A function did not do its work."""


@dataclass(frozen=True)
class Permission:
    """One action of one statement of a policy of one role, for one of its resources."""

    role: str
    policy: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.role:<12} {self.sid:<26} {self.action:<32} {self.resource.split(':')[-1]}"

    def unseen(self) -> str | None:
        """Why its absence cannot be noticed here, if that is so."""
        names = (self.action, f"{self.sid} {self.action}", f"{self.role} {self.sid}")
        return next((UNSEEN[name] for name in names if name in UNSEEN), None)


def run(instance: Instance, every: int = 1) -> int:
    """Takes every permission away in turn, or every so-many-th; answers 0 when each is missed and no role may do another's work."""
    roles = _Roles(instance)
    rounds = _Rounds(instance)
    rounds.small()
    permissions = list(roles.permissions())
    shown = [one for one in permissions if not one.unseen() and one.role not in OUTSIDE]
    tried = shown[::every]
    unneeded = [one for one in tried if not roles.missed(one, rounds.small)]
    if unneeded and FILM.exists():
        rounds.long()
        unneeded = [one for one in unneeded if not roles.missed(one, rounds.long)]
    rounds.small()
    say(
        f"  {len(permissions)} permissions; {len(tried)} taken away in turn, {len(permissions) - len(shown)} cannot be shown here"
    )
    for one in permissions:
        if reason := one.unseen() or ("not a part of the round" if one.role in OUTSIDE else None):
            say(f"  not shown  {one}  ({reason})")
    for one in unneeded:
        say(f"  NOT NEEDED {one}")
    crossed = _crossings(instance)
    for what in crossed:
        say(f"  NOT DENIED {what}")
    return 1 if unneeded or crossed else 0


class _Roles:
    """The functions' roles, as they are deployed."""

    def __init__(self, instance: Instance) -> None:
        self._iam = instance.client("iam")
        self._policies: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        functions = instance.client("lambda").list_functions()["Functions"]
        for function in functions:
            if not function["FunctionName"].startswith(f"{STACK}-"):
                continue
            role = function["Role"].split("/")[-1]
            for policy in self._iam.list_role_policies(RoleName=role)["PolicyNames"]:
                document = self._iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                document = json.loads(document) if isinstance(document, str) else document
                self._policies[function["FunctionName"].removeprefix(f"{STACK}-"), policy] = (role, document)

    def permissions(self) -> Iterator[Permission]:
        """All of them."""
        for (name, policy), (_, document) in sorted(self._policies.items()):
            for statement in document["Statement"]:
                for action in _list(statement["Action"]):
                    for resource in _list(statement["Resource"]):
                        yield Permission(name, policy, statement["Sid"], action, resource)

    def missed(self, one: Permission, work: Callable[[], None]) -> bool:
        """Whether `work` fails without it."""
        role, document = self._policies[one.role, one.policy]
        self._put(role, one.policy, _without(document, one))
        try:
            work()
        except Denied:
            return True
        finally:
            self._put(role, one.policy, document)
        return False

    def _put(self, role: str, policy: str, document: dict[str, Any]) -> None:
        self._iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def _without(document: dict[str, Any], one: Permission) -> dict[str, Any]:
    """The policy without a permission; the statement's other actions and resources stay."""
    statements = []
    for statement in document["Statement"]:
        actions, resources = _list(statement["Action"]), _list(statement["Resource"])
        if statement["Sid"] != one.sid:
            statements.append(statement)
            continue
        for resource in resources:
            kept = [action for action in actions if (action, resource) != (one.action, one.resource)]
            if kept:
                statements.append(
                    {**copy.deepcopy(statement), "Sid": f"S{uuid.uuid4().hex}", "Action": kept, "Resource": resource}
                )
    return {**document, "Statement": statements}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Rounds:
    """Calls the functions as AWS would, with nothing else calling them."""

    def __init__(self, instance: Instance) -> None:
        self._outputs = instance.outputs()
        self._token = instance.token()
        self._s3, self._sqs = instance.client("s3"), instance.client("sqs")
        self._lambda, self._dynamodb = instance.client("lambda"), instance.client("dynamodb")
        self._film: str | None = None
        for mapping in self._lambda.list_event_source_mappings()["EventSourceMappings"]:
            self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        self._s3.put_bucket_notification_configuration(Bucket=self._bucket, NotificationConfiguration={})

    @property
    def _bucket(self) -> str:
        return self._outputs["UploadsBucket"]

    def small(self) -> None:
        """A short movie, and everything that callers may ask for."""
        self._clear()
        key = f"iam/{uuid.uuid4().hex}.mp4"
        content = self._ingest(key, SAMPLE.read_bytes())
        self._ingest_what_is_gone()
        self._uploads()
        packages = [
            self._ask(content, {"key": "0123456789abcdef0123456789abcdef", "kid": uuid.uuid4().hex}),
            self._ask(content, {"layout": "single-file", "segment_seconds": 5}),
        ]
        doomed = self._ask(content, {"scheme": "clear"})
        for message in self._take("Fragment"):
            self._handle("fragment", "FragmentQueue", message)
            self._handle("fragment", "FragmentQueue", message)
        work_units = self._take("Encrypt")
        for message in {message["body"]: message for message in work_units if doomed not in message["body"]}.values():
            self._handle("encrypt", "EncryptQueue", message)
            self._forget_receipt(message)
            self._handle("encrypt", "EncryptQueue", message)
        self._give_up(packages[0], "Dash")
        waiting = {json.loads(message["body"])["packaged_content_id"]: message for message in self._take("Dash")}
        for message in waiting.values():
            self._handle("dash", "DashQueue", message)
            self._set(message, "status", "Encrypted")
            self._handle("dash", "DashQueue", message)
        for package in packages:
            self._expect(package, "Ready")
            self._play(package)
        self._lists()
        self._give_up(doomed, "Fragment")
        self._lose_the_source(key, content, [message for message in work_units if doomed in message["body"]])
        self._delete(packages[0])
        self._call("DELETE", f"/input_content/{content}")
        self._handle_all("delete", "Deletion")

    def long(self) -> None:
        """A film whose tracks are assembled of parts."""
        self._clear()
        if not self._film:
            self._film = self._ingest("iam/film.mp4", FILM.read_bytes())
        body = {"layout": "single-file", "kid": uuid.uuid4().hex, "key": "0123456789abcdef0123456789abcdef"}
        package = self._ask(self._film, body)
        given_up = self._ask(self._film, {**body, "kid": uuid.uuid4().hex})
        self._handle_all("fragment", "Fragment")
        work_units = {message["body"]: message for message in self._take("Encrypt") if package in message["body"]}
        for message in work_units.values():
            self._handle("encrypt", "EncryptQueue", message)
        first = next(iter(work_units.values()))
        self._set(first, "status", "Fragmented")
        self._forget_receipt(first)
        self._handle("encrypt", "EncryptQueue", first)
        message = self._take("Dash")[-1]
        self._handle("dash", "DashQueue", message)
        self._expect(package, "Ready")
        self._delete(given_up)

    def _clear(self) -> None:
        """What an earlier round left behind when it failed."""
        for queue in ("Fragment", "Encrypt", "Dash", "Deletion"):
            self._take(queue)

    def _ingest(self, key: str, movie: bytes) -> str:
        put = self._s3.put_object(Bucket=self._bucket, Key=key, Body=movie)
        event = _created(self._bucket, key, put["ETag"].strip('"'), len(movie))
        event["Records"][0]["s3"]["object"]["versionId"] = put["VersionId"]
        self._invoke("ingest", event)
        (content,) = self._list(f"/input_content?origin=s3://{self._bucket}/{key}", "input_content")
        self._handle_all("fragment", "Fragment")
        self._take("Encrypt")
        return content["input_content_id"]

    def _ingest_what_is_gone(self) -> None:
        key = f"iam/{uuid.uuid4().hex}-gone.mp4"
        self._invoke("ingest", _created(self._bucket, key, "0" * 32, 1000))
        (content,) = self._list(f"/input_content?origin=s3://{self._bucket}/{key}", "input_content")
        if content["code"] != "source_missing":
            raise Denied(content)
        event = {"requestPayload": _created(self._bucket, key, "1" * 32, 1000)}
        self._handle("dead-letter", "IngestDeadQueue", {"body": json.dumps(event)})

    def _uploads(self) -> None:
        """Files that are sent through the API: one in one piece, one in parts, which is given up."""
        begun = self._call("POST", "/uploads", {"name": "still.mp4", "bytes": 4})
        path = f"/uploads/{begun['upload_id']}"
        if self._call("POST", f"{path}/complete", expect=(409,))["code"] != "upload_incomplete":
            raise Denied(path)
        _put(begun["urls"][0]["url"], b"1234")
        self._call("GET", path)
        self._call("POST", f"{path}/complete")
        begun = self._call("POST", "/uploads", {"name": "large.mp4", "bytes": 70 << 20})
        self._call("GET", f"/uploads/{begun['upload_id']}")
        self._call("DELETE", f"/uploads/{begun['upload_id']}")

    def _play(self, package: str) -> None:
        issued = self._call("POST", f"/packaged_content/{package}/playback_tokens")
        kid = self._call("GET", f"/packaged_content/{package}")["kid"]
        path = f"/license/{package}/key"
        answer = self._http("license", "GET", path, query=f"kid={kid}", token=issued["token"])
        if answer["statusCode"] != 200:
            raise Denied(answer)

    def _lists(self) -> None:
        self._list("/packaged_content?limit=20", "packaged_content")
        self._list("/packaged_content?status=Ready&limit=20", "packaged_content")
        self._list("/input_content?limit=20", "input_content")

    def _give_up(self, package: str, stage: str) -> None:
        """A dead letter makes it Failed, and a retry puts it back to work."""
        attempt = int(self._item(package)["attempt"]["N"])
        letter = {"body": json.dumps({"schema": 1, "packaged_content_id": package, "attempt": attempt})}
        self._handle("dead-letter", f"{stage}DeadQueue", letter)
        self._expect(package, "Failed")
        self._call("POST", f"/packaged_content/{package}/retry", expect=(202,))

    def _lose_the_source(self, key: str, content: str, work_units: list[dict[str, Any]]) -> None:
        planned = json.loads(work_units[0]["body"])["packaged_content_id"]
        queued = self._ask(content, {"scheme": "clear", "segment_seconds": 9})
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        waiting = self._take("Fragment")
        attempt = int(self._item(planned)["attempt"]["N"])
        again = {**json.loads(work_units[0]["body"]), "attempt": attempt}
        self._handle("encrypt", "EncryptQueue", {"body": json.dumps(again)})
        for message in (message for message in waiting if queued in message["body"]):
            self._handle("fragment", "FragmentQueue", message)
        for package in (planned, queued):
            failed = self._call("GET", f"/packaged_content/{package}")
            if failed.get("failure", {}).get("code") != "source_missing":
                raise Denied(failed)

    def _delete(self, package: str) -> None:
        """In two looks: one while somebody may be at work, and one long after."""
        self._call("DELETE", f"/packaged_content/{package}", expect=(202,))
        message = next(own for own in self._take("Deletion") if package in own["body"])
        self._handle("delete", "DeletionQueue", message)
        # Once, or again where the CDN takes its time to forget.
        for _ in range(3):
            times = [name for name in ("ready_at", "deleting_at") if name in self._item(package)]
            if not times:
                return
            self._dynamodb.update_item(
                TableName=self._outputs["TableName"],
                Key=_key(package),
                UpdateExpression=f"SET {', '.join(f'{name} = :long_ago' for name in times)} REMOVE lease_until",
                ExpressionAttributeValues={":long_ago": {"S": "2020-01-01T00:00:00.000Z"}},
            )
            self._handle("delete", "DeletionQueue", message)
        if self._item(package):
            raise Denied(f"{package} is still there")

    def _ask(self, content: str, wanted: dict[str, Any]) -> str:
        """A package; with an idempotency key, as careful callers do."""
        asked = self._call("POST", "/packaged_content", {"input_content_id": content, **wanted}, expect=(202,))
        return asked["packaged_content_id"]

    def _expect(self, package: str, status: str) -> None:
        found = self._call("GET", f"/packaged_content/{package}")
        if found["status"] != status:
            raise Denied(found)

    def _list(self, path: str, member: str) -> list[dict[str, Any]]:
        return self._call("GET", path)[member]

    def _call(
        self, method: str, target: str, body: Any = None, expect: tuple[int, ...] = (200, 201, 202)
    ) -> dict[str, Any]:
        path, _, query = target.partition("?")
        answer = self._http("api", method, path, query=query, body=body, token=self._token)
        if answer["statusCode"] not in expect:
            raise Denied(f"{method} {target}: {answer}")
        return json.loads(answer["body"])

    def _http(self, function: str, method: str, path: str, query: str = "", body: Any = None, token: str = "") -> Any:
        headers = {"host": "api.example", "authorization": f"Bearer {token}", "content-type": "application/json"}
        asked = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "iam"}
        context = {
            "accountId": _ACCOUNT, "apiId": "api", "domainName": "api.example", "domainPrefix": "api", "http": asked,
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

    def _handle_all(self, function: str, queue: str) -> None:
        for message in self._take(queue):
            self._handle(function, f"{queue}Queue", message)

    def _handle(self, function: str, queue: str, message: dict[str, Any]) -> None:
        name = self._outputs[f"{queue}Url"].rsplit("/", 1)[-1]
        record = {
            "messageId": "1", "receiptHandle": "1", "body": message["body"], "md5OfBody": "", "messageAttributes": {},
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0", "SenderId": "1", "ApproximateFirstReceiveTimestamp": "0"},
            "eventSource": "aws:sqs", "eventSourceARN": f"arn:aws:sqs:{REGION}:{_ACCOUNT}:{name}", "awsRegion": REGION,
        }  # fmt: skip
        if (self._invoke(function, {"Records": [record]}) or {}).get("batchItemFailures"):
            raise Denied(f"{function}: {message}")

    def _invoke(self, function: str, event: dict[str, Any]) -> Any:
        done = self._lambda.invoke(FunctionName=f"{STACK}-{function}", Payload=json.dumps(event))
        answer = json.loads(done["Payload"].read() or b"null")
        if done.get("FunctionError"):
            raise Denied(f"{function}: {answer}")
        return answer

    def _take(self, queue: str) -> list[dict[str, Any]]:
        """What lies in a queue."""
        url, taken = self._outputs[f"{queue}QueueUrl"], []
        while found := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                taken.append({"body": message["Body"]})
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def _item(self, package: str) -> dict[str, Any]:
        found = self._dynamodb.get_item(TableName=self._outputs["TableName"], Key=_key(package), ConsistentRead=True)
        return found.get("Item", {})

    def _set(self, message: dict[str, Any], name: str, value: str) -> None:
        self._dynamodb.update_item(
            TableName=self._outputs["TableName"],
            Key=_key(json.loads(message["body"])["packaged_content_id"]),
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"S": value}},
        )

    def _forget_receipt(self, message: dict[str, Any]) -> None:
        """As if the function had stopped when its segments were written and nothing else."""
        body = json.loads(message["body"])
        package, table = body["packaged_content_id"], self._outputs["TableName"]
        self._set(message, "status", "Fragmented")
        found = self._dynamodb.query(
            TableName=table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :unit)",
            ExpressionAttributeValues={":pk": {"S": f"package#{package}"}, ":unit": {"S": "unit#"}},
        )["Items"]
        own = [item for item in found if int(item["sk"]["S"].split("#")[1]) == body["work_unit"]]
        for item in own:
            self._dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
        self._dynamodb.update_item(
            TableName=table,
            Key=_key(package),
            UpdateExpression="ADD work_units_done :less",
            ExpressionAttributeValues={":less": {"N": str(-len(own))}},
        )


def _key(package: str) -> dict[str, Any]:
    return {"pk": {"S": f"package#{package}"}, "sk": {"S": "package"}}


def _created(bucket: str, key: str, etag: str, size: int) -> dict[str, Any]:
    found = {"key": key, "eTag": etag, "size": size}
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": found},
            }
        ]
    }


def _put(url: str, body: bytes) -> None:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    try:
        urlopen(Request(url, data=body, method="PUT"), timeout=30).close()
    except HTTPError as refused:
        raise Denied(refused) from refused


def _crossings(instance: Instance) -> list[str]:
    """What a role may do that is another's alone, or may not do that is its own: with credentials of each."""
    lambdas, sts = instance.client("lambda"), instance.client("sts")
    found = []
    for function in lambdas.list_functions()["Functions"]:
        name = function["FunctionName"].removeprefix(f"{STACK}-")
        session = sts.assume_role(RoleArn=function["Role"], RoleSessionName="crossing")["Credentials"]
        for what, (attempt, those) in _ATTEMPTS.items():
            denied = _is_denied(attempt, instance, session)
            if denied == (name in those):
                found.append(f"{name}: {what}" if not denied else f"{name} may not, and should: {what}")
    return found


def _is_denied(
    attempt: Callable[[Callable[[str], Any], dict[str, str]], Any], instance: Instance, session: dict[str, str]
) -> bool:
    try:
        attempt(lambda service: instance.client(service, session), instance.outputs())
    except ClientError as refused:
        return refused.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403", "Forbidden")
    return False


_CONTEXT = {"packaged_content_id": "none"}

_ATTEMPTS: dict[str, tuple[Callable[..., Any], set[str]]] = {
    "unwrap a content key": (
        lambda client, out: client("kms").decrypt(
            KeyId=out["ContentKeysKey"], CiphertextBlob=b"0" * 64, EncryptionContext=_CONTEXT
        ),
        {"encrypt", "license"},
    ),
    "make a content key": (
        lambda client, out: client("kms").generate_data_key(
            KeyId=out["ContentKeysKey"], NumberOfBytes=16, EncryptionContext=_CONTEXT
        ),
        {"ingest", "api"},
    ),
    "wrap a content key": (
        lambda client, out: client("kms").encrypt(
            KeyId=out["ContentKeysKey"], Plaintext=b"0" * 16, EncryptionContext=_CONTEXT
        ),
        {"api"},
    ),
    "read a source": (
        lambda client, out: client("s3").get_object(Bucket=out["UploadsBucket"], Key="iam/crossing.mp4"),
        {"ingest", "fragment", "encrypt"},
    ),
    "overwrite a source": (
        lambda client, out: client("s3").put_object(Bucket=out["UploadsBucket"], Key="iam/crossing.mp4", Body=b""),
        set(),
    ),
    "read a plan": (
        lambda client, out: client("s3").get_object(Bucket=out["WorkBucket"], Key="work/none"),
        {"fragment", "encrypt", "dash"},
    ),
    "write to the output": (
        lambda client, out: client("s3").put_object(Bucket=out["OutputBucket"], Key="iam/crossing", Body=b""),
        {"fragment", "encrypt", "dash"},
    ),
    "delete output": (
        lambda client, out: client("s3").delete_object(Bucket=out["OutputBucket"], Key="iam/crossing"),
        {"delete"},
    ),
    "forget an item": (
        lambda client, out: client("dynamodb").delete_item(TableName=out["TableName"], Key=_key("none")),
        {"api", "delete"},
    ),
    "read the whole table": (lambda client, out: client("dynamodb").scan(TableName=out["TableName"]), set()),
    "start a package": (
        lambda client, out: client("sqs").send_message(QueueUrl=out["FragmentQueueUrl"], MessageBody="{}"),
        {"ingest", "api"},
    ),
    "ask for a work unit": (
        lambda client, out: client("sqs").send_message(QueueUrl=out["EncryptQueueUrl"], MessageBody="{}"),
        {"fragment"},
    ),
    "ask for a deletion": (
        lambda client, out: client("sqs").send_message(QueueUrl=out["DeletionQueueUrl"], MessageBody="{}"),
        {"api", "delete"},
    ),
    "read the callers' tokens": (
        lambda client, out: client("secretsmanager").get_secret_value(SecretId=out["OperatorTokenSecret"]),
        {"api"},
    ),
    "change a role": (
        lambda client, _out: client("iam").put_role_policy(RoleName="any", PolicyName="any", PolicyDocument="{}"),
        set(),
    ),
}
"""What one may try, and the roles whose work it is."""
