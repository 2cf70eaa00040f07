"""Rules of the template that no linter checks."""

import json
import re
import unittest
from functools import cache
from typing import Any

import yaml

from infra.local import adopt, artifacts
from infra.local.values import as_list


class _Loader(yaml.SafeLoader):
    """Loads the short form of intrinsic functions."""


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return f"!{tag} {node.value}"
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    return {tag: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def _template() -> dict[str, Any]:
    """The template. Tests must not change it."""
    return yaml.load(artifacts.TEMPLATE.read_text(), _Loader)


def _resources(kind: str) -> dict[str, dict[str, Any]]:
    everything = _template()["Resources"]
    return {name: resource["Properties"] for name, resource in everything.items() if resource["Type"] == kind}


def _statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    statements = [s for policy in role["Policies"] for s in policy["PolicyDocument"]["Statement"]]
    return [s["If"][1] if "If" in s else s for s in statements]


_CONTENT_KEYS_KEY = {"If": ["NewContentKeysKey", "!GetAtt ContentKeysKey.Arn", "!Ref ContentKeysKeyArn"]}


class Template(unittest.TestCase):
    """Rules of `template.yaml`."""

    def test_every_function_has_its_own_role(self) -> None:
        functions = _resources("AWS::Serverless::Function")
        roles = [function["Role"] for function in functions.values()]
        self.assertEqual(len(set(roles)), len(functions))
        self.assertEqual(len(_resources("AWS::IAM::Role")), len(functions))

    def test_no_role_has_a_wildcard_action_or_a_wildcard_resource(self) -> None:
        for name, role in _resources("AWS::IAM::Role").items():
            self.assertNotIn("ManagedPolicyArns", role, name)
            for statement in _statements(role):
                self.assertFalse([action for action in statement["Action"] if "*" in action], name)
                resources = statement["Resource"]
                # These actions do not support resource-level permissions.
                if not all(action.startswith(("xray:", "dynamodb:ListStreams")) for action in statement["Action"]):
                    for resource in resources if isinstance(resources, list) else [resources]:
                        self.assertNotEqual(resource, "*", name)

    def test_content_keys_are_bound_to_their_package_by_encryption_context(self) -> None:
        bound = set()
        for name, role in _resources("AWS::IAM::Role").items():
            for statement in _statements(role):
                if statement["Resource"] == _CONTENT_KEYS_KEY:
                    bound.add(name)
                    names = {"kms:EncryptionContextKeys": ["packaged_content_id"]}
                    # ForAllValues is also true for a request without a context. Null refuses such a request.
                    present = {"If": ["Emulated", "!Ref AWS::NoValue", {"kms:EncryptionContextKeys": False}]}
                    self.assertEqual(
                        statement["Condition"], {"ForAllValues:StringEquals": names, "Null": present}, name
                    )
        self.assertEqual(bound, {"IngestRole", "EncryptRole", "ApiRole", "LicenseRole", "OriginRole"})

    def test_ingest_writes_contents_and_packages_only(self) -> None:
        """Ingest runs a parser of untrusted bytes. Its role reaches no idempotency key and no upload of a client."""
        role = _resources("AWS::IAM::Role")["IngestRole"]
        statements = [one for one in _statements(role) if "dynamodb:PutItem" in one["Action"]]
        [statement] = statements
        self.assertEqual(set(statement["Action"]), {"dynamodb:GetItem", "dynamodb:PutItem"})
        prefixes = {"dynamodb:LeadingKeys": ["content#*", "package#*"]}
        present = {"If": ["Emulated", "!Ref AWS::NoValue", {"dynamodb:LeadingKeys": False}]}
        self.assertEqual(statement["Condition"], {"ForAllValues:StringLike": prefixes, "Null": present})

    def test_only_encrypt_the_origin_and_the_licence_server_may_decrypt_content_keys(self) -> None:
        allowed = {
            name: {action for statement in _statements(role) for action in statement["Action"]}
            for name, role in _resources("AWS::IAM::Role").items()
        }
        roles = {
            action: {name for name, actions in allowed.items() if action in actions}
            for action in ("kms:Decrypt", "kms:GenerateMac", "kms:VerifyMac")
        }
        self.assertEqual(roles["kms:Decrypt"], {"EncryptRole", "LicenseRole", "OriginRole"})
        self.assertEqual(roles["kms:GenerateMac"], {"ApiRole"})
        self.assertEqual(roles["kms:VerifyMac"], {"LicenseRole"})
        logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
        traces = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
        self.assertEqual(allowed["LicenseRole"], {"dynamodb:GetItem", "kms:Decrypt", "kms:VerifyMac", *logs, *traces})

    def test_the_visibility_timeout_is_six_times_the_function_timeout(self) -> None:
        queues = _resources("AWS::SQS::Queue")
        for name, function in _resources("AWS::Serverless::Function").items():
            for event in function.get("Events", {}).values():
                if event["Type"] != "SQS":
                    continue
                queue = event["Properties"]["Queue"].removeprefix("!GetAtt ").removesuffix(".Arn")
                self.assertGreaterEqual(queues[queue]["VisibilityTimeout"], 6 * function["Timeout"], name)
                self.assertEqual(event["Properties"]["FunctionResponseTypes"], ["ReportBatchItemFailures"], name)

    def test_functions_have_the_memory_that_the_largest_index_and_the_probe_need(self) -> None:
        """`large_movies_are_validated_and_planned_within_the_documented_memory` measures what the page states."""

        def read(path: str) -> str:
            return (artifacts.ROOT / path).read_text()

        page = read("docs/performance-and-cost.md")
        stated = r"hold at most (\d+) MiB plus, for encrypt,\s+([\d.]+) work units, for ingest and fragment, four\s+times the index"
        base, work_units = (float(number) for number in re.search(stated, page).groups())
        largest = re.search(r"MAX_MOOV_BYTES: u64 = (\d+) \* 1024 \* 1024;", read("crates/media/src/isobmff/index.rs"))
        index = int(largest[1])
        probe = int(re.search(r"memory_mib: (\d+),", read("layers/bento4/src/limits.rs"))[1])
        self.assertIn(f"const BASE_MEMORY: u64 = {base:.0f} * MIB;", read("tests/tests/large_movies.rs"))
        functions = _resources("AWS::Serverless::Function")
        memory = {name: functions[f"{name}Function"]["MemorySize"] for name in ("Ingest", "Fragment", "Encrypt")}
        # The movie is examined before the probe starts; then only the index is held. The allocator may return memory late.
        self.assertGreaterEqual(memory["Ingest"], 1.25 * (base + max(4 * index, index + probe)))
        self.assertGreaterEqual(memory["Fragment"], 1.25 * (base + 4 * index))
        template = _template()
        largest_work_unit = template["Parameters"]["WorkUnitMiB"]["MaxValue"]
        self.assertGreaterEqual(memory["Encrypt"], 1.25 * (base + work_units * largest_work_unit))
        # The probe's file has the index, in /tmp.
        storage = functions["IngestFunction"].get("EphemeralStorage", {}).get("Size", 512)
        self.assertGreater(storage, index)

    def test_a_deletion_waits_longer_than_any_function_timeout(self) -> None:
        functions = _resources("AWS::Serverless::Function")
        variables = functions["DeleteFunction"]["Environment"]["Variables"]
        waits = int(variables["LONGEST_RUN_SECONDS"]["If"][2])
        self.assertGreater(waits, max(function["Timeout"] for function in functions.values()))

    def test_only_the_deletion_may_send_to_the_queue_that_it_reads(self) -> None:
        """Lambda stops a function that invokes itself through a queue after about 16 times, unless the function allows it."""
        functions, roles = _resources("AWS::Serverless::Function"), _resources("AWS::IAM::Role")
        loops = set()
        for name, function in functions.items():
            events = [event["Properties"] for event in function.get("Events", {}).values() if event["Type"] == "SQS"]
            reads = {event["Queue"] for event in events}
            role = roles[function["Role"].removeprefix("!GetAtt ").removesuffix(".Arn")]
            for statement in _statements(role):
                if "sqs:SendMessage" in statement["Action"] and reads & set(as_list(statement["Resource"])):
                    loops.add(name)
        self.assertEqual(loops, {"DeleteFunction"})
        self.assertEqual({name for name, function in functions.items() if "RecursiveLoop" in function}, loops)
        self.assertEqual(functions["DeleteFunction"]["RecursiveLoop"], "Allow")
        alarm = _resources("AWS::CloudWatch::Alarm")["DeletionsStuckAlarm"]
        self.assertEqual(
            (alarm["MetricName"], alarm["Dimensions"]), ("NotHandled", [{"Name": "Function", "Value": "delete"}])
        )

    def test_the_api_may_access_client_uploads_and_read_plans_only(self) -> None:
        statements = _statements(_resources("AWS::IAM::Role")["ApiRole"])
        objects = [s for s in statements if any(action.startswith("s3:") for action in s["Action"])]
        allowed = {(action, s["Resource"]) for s in objects for action in s["Action"]}
        allowed.remove(("s3:GetObject", "!Sub ${WorkBucket.Arn}/work/*"))
        (listed,) = {resource for action, resource in allowed if action == "s3:ListBucket"}
        self.assertTrue(listed.endswith("uploads-${AWS::AccountId}-${AWS::Region}"))
        others = {resource for action, resource in allowed if action != "s3:ListBucket"}
        self.assertTrue(all(resource.endswith("/uploads/*") for resource in others))

    def test_an_unpublished_status_change_blocks_the_following_and_is_dead_lettered(self) -> None:
        functions = _resources("AWS::Serverless::Function")
        streams = [
            (event["Properties"], function)
            for function in functions.values()
            for event in function.get("Events", {}).values()
            if event["Type"] == "DynamoDB"
        ]
        [(changes, function)] = streams
        self.assertEqual(
            changes["StartingPosition"], "TRIM_HORIZON", "changes before the creation of the mapping are published too"
        )
        self.assertNotIn("MaximumRetryAttempts", changes)
        self.assertLess(changes["MaximumRecordAgeInSeconds"], 24 * 3600, "the stream retains records for a day")
        self.assertEqual(changes["DestinationConfig"]["OnFailure"]["Destination"], "!GetAtt AnnounceDeadQueue.Arn")
        self.assertIn("announce-dead", _resources("AWS::CloudWatch::Alarm")["AnnounceDeadAlarm"]["AlarmName"])
        role = _resources("AWS::IAM::Role")[function["Role"].removeprefix("!GetAtt ").removesuffix(".Arn")]
        allowed = {action for statement in _statements(role) for action in statement["Action"]}
        self.assertFalse([action for action in allowed if action.startswith("kms:")], "it cannot decrypt keys")

    def test_every_alarm_notifies_the_topic_and_has_a_section_in_operations(self) -> None:
        alarms = _resources("AWS::CloudWatch::Alarm")
        text = (artifacts.ROOT / "docs" / "operations.md").read_text()
        chapter = text.split("\n## Alarms\n")[1].split("\n## ")[0]
        headings = re.findall(r"^### (.+)$", chapter, re.MULTILINE)
        sections = [name for heading in headings for name in heading.split(", ")]
        names = {
            alarm["AlarmName"].removeprefix("!Sub ").replace("${AWS::StackName}", "STACK") for alarm in alarms.values()
        }
        self.assertEqual(sorted(sections), sorted(names))
        for name, alarm in alarms.items():
            self.assertEqual(alarm["AlarmActions"], ["!Ref AlarmTopic"], name)
            self.assertEqual(alarm["TreatMissingData"], "notBreaching", name)

    def test_every_queue_function_and_entrance_has_an_alarm_on_a_metric_of_aws(self) -> None:
        watched: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for alarm in _resources("AWS::CloudWatch::Alarm").values():
            for dimension in alarm.get("Dimensions", []):
                resource = re.sub(r"^!(Ref|GetAtt) (\w+)(\.QueueName)?$", r"\2", dimension["Value"])
                watched.setdefault((resource, alarm["MetricName"]), []).append(alarm)
        for name, queue in _resources("AWS::SQS::Queue").items():
            if "RedrivePolicy" in queue:
                [alarm] = watched[name, "ApproximateAgeOfOldestMessage"]
                self.assertLess(alarm["Threshold"], queue["MessageRetentionPeriod"], name)
            else:
                [alarm] = watched[name, "ApproximateNumberOfMessagesVisible"]
                self.assertEqual((alarm["Threshold"], alarm["EvaluationPeriods"]), (0, 1), name)
            self.assertEqual(alarm["Namespace"], "AWS/SQS", name)
        for name, function in _resources("AWS::Serverless::Function").items():
            for metric, threshold in {"Errors": 0, "Duration": function["Timeout"] * 900}.items():
                [alarm] = watched[name, metric]
                self.assertEqual((alarm["Namespace"], alarm["Threshold"]), ("AWS/Lambda", threshold), name)
        for entrance in (("HttpApi", "5xx"), ("Distribution", "5xxErrorRate"), ("LicenseFunction", "Throttles")):
            self.assertEqual(len(watched[entrance]), 1, entrance)

    def test_a_budget_is_off_by_default_and_notifies_the_alarm_topic(self) -> None:
        template = _template()
        self.assertEqual(template["Parameters"]["MonthlyBudgetUsd"]["Default"], 0)
        self.assertEqual(template["Conditions"]["MonthlyBudget"], {"Not": [{"Equals": ["!Ref MonthlyBudgetUsd", 0]}]})
        for name in ("Budget", "AlarmTopicPolicy"):
            self.assertEqual(template["Resources"][name]["Condition"], "MonthlyBudget")
        properties = template["Resources"]["Budget"]["Properties"]
        self.assertEqual(properties["Budget"]["BudgetLimit"], {"Amount": "!Ref MonthlyBudgetUsd", "Unit": "USD"})
        for notification in properties["NotificationsWithSubscribers"]:
            [subscriber] = notification["Subscribers"]
            self.assertEqual(subscriber, {"SubscriptionType": "SNS", "Address": "!Ref AlarmTopic"})
        [statement] = template["Resources"]["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        publishers = {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
        self.assertEqual(set(statement["Principal"]["Service"]), publishers)

    def test_the_audit_log_is_kept_as_long_as_a_parameter_says(self) -> None:
        api = _resources("AWS::Serverless::Function")["ApiFunction"]
        groups = _resources("AWS::Logs::LogGroup")
        group = groups.pop(api["LoggingConfig"]["LogGroup"].removeprefix("!Ref "))
        self.assertEqual(group["RetentionInDays"], "!Ref AuditRetentionDays")
        self.assertEqual({group["RetentionInDays"] for group in groups.values()}, {"!Ref LogRetentionDays"})
        parameters = _template()["Parameters"]
        audit, log = parameters["AuditRetentionDays"], parameters["LogRetentionDays"]
        self.assertEqual((audit["Default"], audit["AllowedValues"]), (365, log["AllowedValues"]))

    def test_the_defaults_reserve_nothing_that_a_new_account_lacks(self) -> None:
        """A new account has 10 concurrent executions, and Lambda keeps them all unreserved. Provisioned pollers are off."""
        template = _template()
        self.assertEqual(template["Parameters"]["EncryptPollers"]["Default"], 0)
        for name, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            self.assertNotIn("ProvisionedConcurrencyConfig", properties, name)
            reserved = properties.get("ReservedConcurrentExecutions", {"If": ["", "", "!Ref AWS::NoValue"]})
            self.assertEqual(reserved["If"][2], "!Ref AWS::NoValue", name)
        self.assertEqual(template["Parameters"]["LicenseReservedConcurrency"]["Default"], 0)
        reserves = {"Not": [{"Equals": ["!Ref LicenseReservedConcurrency", 0]}]}
        self.assertEqual(template["Conditions"]["ReservedLicenses"], reserves)
        self.assertEqual(template["Parameters"]["OriginReservedConcurrency"]["Default"], 0)
        reserves = {"Not": [{"Equals": ["!Ref OriginReservedConcurrency", 0]}]}
        self.assertEqual(template["Conditions"]["ReservedOrigin"], reserves)

    def test_a_burst_of_work_leaves_executions_to_viewers_and_callers(self) -> None:
        """Every queue has a maximum, and their sum is at most half of the 1,000 concurrent executions of an account."""
        parameters = _template()["Parameters"]

        def most(value: Any) -> int:
            if isinstance(value, dict):
                parameter = parameters[value["If"][2].removeprefix("!Ref ")]
                self.assertGreaterEqual(parameter["MinValue"], 2, "the least that AWS accepts")
                return parameter["Default"]
            return value

        total = 0
        for name, function in _resources("AWS::Serverless::Function").items():
            for event in function.get("Events", {}).values():
                if event["Type"] == "SQS":
                    scaling = event["Properties"]["ScalingConfig"]
                    maximum = most(scaling.get("If", [None, None, scaling])[2]["MaximumConcurrency"])
                    self.assertGreaterEqual(maximum, 2, f"{name}: the least that AWS accepts")
                    total += maximum
        self.assertLessEqual(total, 500)
        notifications = _resources("AWS::S3::Bucket")["UploadsBucket"]["NotificationConfiguration"]
        self.assertEqual(set(notifications), {"QueueConfigurations"}, "asynchronous invocations have no maximum")
        licence = _resources("AWS::Serverless::Function")["LicenseFunction"]["ReservedConcurrentExecutions"]
        self.assertEqual(licence["If"][:2], ["ReservedLicenses", "!Ref LicenseReservedConcurrency"])

    def test_no_alarm_but_five_supplements_relies_on_a_function_that_it_watches(self) -> None:
        """A function that cannot start logs no metric, so the alarms watch what AWS reports about it."""
        emitted = {
            name
            for name, alarm in _resources("AWS::CloudWatch::Alarm").items()
            if "VideoPackaging/" in json.dumps(alarm)
        }
        # Only a function knows that a record cannot be read, that the system refuses to confine the probe, or that a deletion,
        # whose message is sent again, does not end.
        supplements = {"NotHandledAlarm", "FailureRateAlarm", "UnreadableRecordsAlarm", "ProbeNotConfinedAlarm"}
        self.assertEqual(emitted, supplements | {"DeletionsStuckAlarm"})

    def test_the_documented_cost_of_alarms_is_that_of_their_number(self) -> None:
        text = (artifacts.ROOT / "docs" / "operations.md").read_text()
        self.assertIn(f"| {len(_resources('AWS::CloudWatch::Alarm'))} alarms × $0.10", text)

    def test_alarms_dashboard_functions_and_operations_use_the_same_metrics(self) -> None:
        crates = artifacts.ROOT / "crates"
        sources = [*crates.glob("pipeline/src/**/metric*.rs"), *crates.glob("aws/src/**/*.rs")]
        code = "\n".join(source.read_text() for source in sources)
        text = (artifacts.ROOT / "docs" / "operations.md").read_text()
        table = text.split("\n### Metrics\n")[1].split("\n## ")[0]
        cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table, re.MULTILINE)
        listed = set(re.findall(r"`(\w+)`", " ".join(cells)))
        body = _resources("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"].removeprefix("!Sub ")
        widgets = json.loads(body)["widgets"]
        rows = [row for widget in widgets for row in widget["properties"]["metrics"]]
        used = {row[1] for row in rows if row[0].startswith("VideoPackaging/")}
        for name, alarm in _resources("AWS::CloudWatch::Alarm").items():
            stats = [metric["MetricStat"]["Metric"] for metric in alarm.get("Metrics", []) if "MetricStat" in metric]
            for metric in stats or [alarm]:
                if "VideoPackaging/" in metric["Namespace"]:
                    used.add(metric["MetricName"])
                    self.assertIn("Threshold", alarm, name)
        self.assertTrue(used)
        for metric in used:
            self.assertTrue(f'"{metric}"' in code, metric)
            self.assertIn(metric, listed)
        for metric in listed:
            self.assertTrue(f'"{metric}"' in code, metric)

    def test_every_function_is_traced(self) -> None:
        template = _template()
        self.assertEqual(template["Globals"]["Function"]["Tracing"], "Active")
        # A function with active tracing cannot be created before its role may write traces. A policy in the role itself is
        # there first; a separate policy resource would be created after the function.
        self.assertEqual(_resources("AWS::IAM::Policy"), {})
        for name, role in _resources("AWS::IAM::Role").items():
            allowed = {action for statement in _statements(role) for action in statement["Action"]}
            self.assertLessEqual({"xray:PutTraceSegments", "xray:PutTelemetryRecords"}, allowed, name)

    def test_data_that_cannot_be_recreated_can_be_restored(self) -> None:
        [table] = _resources("AWS::DynamoDB::Table").values()
        self.assertTrue(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
        self.assertTrue(table["DeletionProtectionEnabled"])
        self.assertEqual(_resources("AWS::S3::Bucket")["UploadsBucket"]["VersioningConfiguration"]["Status"], "Enabled")
        rules = _resources("AWS::S3::Bucket")["UploadsBucket"]["LifecycleConfiguration"]["Rules"]
        [expiry] = [rule for rule in rules if "NoncurrentVersionExpiration" in rule]
        days = _template()["Parameters"]["NoncurrentVersionDays"]
        self.assertEqual((expiry["Status"], days["Default"]), ("Enabled", 35))
        everything = _template()["Resources"]
        for name in ("UploadsBucket", "WorkBucket", "OutputBucket", "Table", "ContentKeysKey"):
            # After a failed first deployment, an empty resource that remains would collide with the next attempt.
            self.assertEqual(everything[name]["DeletionPolicy"], "RetainExceptOnCreate", name)
            self.assertEqual(everything[name]["UpdateReplacePolicy"], "Retain", name)

    def test_records_of_deleted_contents_expire_and_outlast_every_message_about_them(self) -> None:
        expiry = _resources("AWS::DynamoDB::Table")["Table"]["TimeToLiveSpecification"]
        self.assertEqual(expiry, {"AttributeName": "forget_at", "Enabled": True})
        days = _template()["Parameters"]["DeletedContentDays"]
        retentions = [queue["MessageRetentionPeriod"] for queue in _resources("AWS::SQS::Queue").values()]
        self.assertGreater(days["MinValue"] * 24 * 3600, max(retentions))
        self.assertGreaterEqual(days["Default"], days["MinValue"])
        variables = _resources("AWS::Serverless::Function")["ApiFunction"]["Environment"]["Variables"]
        self.assertEqual(variables["DELETED_CONTENT_DAYS"], "!Ref DeletedContentDays")

    def test_a_stack_is_created_again_over_what_a_deleted_one_retains(self) -> None:
        resources = _template()["Resources"]
        retained = {name for name, resource in resources.items() if "DeletionPolicy" in resource}
        # The key is named by a parameter, and then not created.
        self.assertEqual(retained, {*adopt.RETAINED, "ContentKeysKey"})
        self.assertEqual(resources["ContentKeysKey"]["Condition"], "NewContentKeysKey")
        imported = yaml.load(adopt.template(artifacts.TEMPLATE.read_text()), _Loader)
        self.assertEqual(set(imported["Resources"]), set(adopt.RETAINED))
        self.assertNotIn("Transform", imported)
        text = json.dumps(imported["Resources"])
        self.assertNotIn("GetAtt", text)
        for reference in re.findall(r"!Ref ([\w:]+)", text) + re.findall(r"\$\{([\w:]+)", text):
            self.assertTrue(reference.startswith("AWS::") or reference in imported["Parameters"], reference)

    def test_names_that_are_unique_in_an_account_contain_the_region(self) -> None:
        """Names of CloudFront resources and dashboards are global: a stack in a second region needs different ones."""
        named = {
            "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig", "Name"),
            "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", "Name"),
            "AWS::CloudFront::OriginRequestPolicy": ("OriginRequestPolicyConfig", "Name"),
            "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig", "Name"),
            "AWS::CloudFront::Function": ("Name",),
            "AWS::CloudWatch::Dashboard": ("DashboardName",),
            "AWS::S3::Bucket": ("BucketName",),
            "AWS::IAM::Role": ("RoleName",),
        }
        for kind, path in named.items():
            for name, value in _resources(kind).items():
                for member in path:
                    value = value.get(member, "")
                self.assertTrue(not value or "${AWS::Region}" in value, f"{name}: {value}")

    def test_licences_are_on_the_domain_of_the_streams(self) -> None:
        # Manifests state licence addresses. The domain of the streams outlives the API, whose address changes when it is replaced.
        functions = _resources("AWS::Serverless::Function")
        for name in ("FragmentFunction", "DashFunction", "ApiFunction", "AnnounceFunction"):
            condition, domain, generated = functions[name]["Environment"]["Variables"]["DELIVERY_URL"]["If"]
            self.assertEqual(
                (condition, domain["Sub"][0], generated["If"][0]), ("OwnDomain", "https://${Name}", "Emulated")
            )
        self.assertNotIn("API_URL", functions["DashFunction"]["Environment"]["Variables"])
        config = _resources("AWS::CloudFront::Distribution")["Distribution"]["DistributionConfig"]
        behavior = config["CacheBehaviors"][0]
        self.assertEqual((behavior["PathPattern"], behavior["TargetOriginId"]), ("/license/*", "licences"))
        self.assertIn("POST", behavior["AllowedMethods"])
        self.assertNotIn("FunctionAssociations", behavior, "a licence request carries a token and no signed path")
        # Managed-AllViewerExceptHostHeader: API Gateway refuses the host of the distribution.
        self.assertIn("b689b0a8-53d0-40ab-baf2-68738e2966ac", behavior["OriginRequestPolicyId"])
        policy = _resources("AWS::CloudFront::CachePolicy")["LicenceCaching"]["CachePolicyConfig"]
        self.assertEqual((policy["MinTTL"], policy["DefaultTTL"]), (0, 0))
        key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        self.assertIn("Authorization", key["HeadersConfig"]["Headers"], "a cached error is that of one viewer")
        self.assertEqual(key["QueryStringsConfig"]["QueryStringBehavior"], "all")
        [origin] = [origin for origin in config["Origins"] if origin["Id"] == "licences"]
        protocol = origin["CustomOriginConfig"]["OriginProtocolPolicy"]
        self.assertEqual(protocol, {"If": ["Emulated", "http-only", "https-only"]})

    def test_made_up_paths_end_at_the_edge_and_a_parameter_bounds_the_origin(self) -> None:
        config = _resources("AWS::CloudFront::Distribution")["Distribution"]["DistributionConfig"]
        origin = _resources("AWS::Serverless::Function")["OriginFunction"]
        self.assertEqual(
            origin["ReservedConcurrentExecutions"],
            {"If": ["ReservedOrigin", "!Ref OriginReservedConcurrency", "!Ref AWS::NoValue"]},
        )
        # Every behavior that leads to the origin has a function in front of it, whether playback is private or not.
        for behavior in config["CacheBehaviors"]:
            if "segments" in json.dumps(behavior["TargetOriginId"]):
                [association] = behavior["FunctionAssociations"]
                self.assertEqual(association["EventType"], "viewer-request")
                functions = ["SignedPathFunction", "SegmentPathFunction"]
                chosen = [f"!GetAtt {name}.FunctionARN" for name in functions]
                self.assertEqual(association["FunctionARN"], {"If": ["Private", *chosen]})
        functions = {
            name: each["Condition"]
            for name, each in _template()["Resources"].items()
            if each["Type"] == "AWS::CloudFront::Function"
        }
        self.assertEqual(functions, {"SignedPathFunction": "Private", "SegmentPathFunction": "Public"})
        conditions = _template()["Conditions"]
        for name, value in (("Private", "true"), ("Public", "false")):
            self.assertEqual(conditions[name], {"Equals": ["!Ref PrivatePlayback", value]})

    def test_a_lifecycle_rule_exists_for_each_retention(self) -> None:
        code = (artifacts.ROOT / "crates" / "pipeline" / "src" / "domain" / "when.rs").read_text()
        allowed = re.search(r"pub const ALLOWED: \[u16; \d+\] = \[([\d, ]+)\];", code)[1].split(", ")
        tag = re.search(r'pub const TAG: &str = "([a-z-]+)";', code)[1]
        rules = _resources("AWS::S3::Bucket")["OutputBucket"]["LifecycleConfiguration"]["Rules"]
        expiring = {rule["ExpirationInDays"]: rule["TagFilters"] for rule in rules if "ExpirationInDays" in rule}
        self.assertEqual(expiring, {int(days): [{"Key": tag, "Value": days}] for days in allowed})

    def test_only_the_cdn_may_invoke_the_origin_and_asks_the_bucket_first(self) -> None:
        url = _resources("AWS::Lambda::Url")["OriginUrl"]
        self.assertEqual(url["AuthType"], {"If": ["Emulated", "NONE", "AWS_IAM"]})
        # https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html: a caller of a function URL needs both actions.
        granted = [
            permission
            for permission in _resources("AWS::Lambda::Permission").values()
            if permission["FunctionName"] == "!Ref OriginFunction"
        ]
        actions = {permission["Action"] for permission in granted}
        self.assertEqual(actions, {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"})
        for permission in granted:
            self.assertEqual(permission["Principal"], "cloudfront.amazonaws.com")
            self.assertTrue(permission["SourceArn"].endswith(":distribution/${Distribution}"))
            restricted = permission.get("FunctionUrlAuthType") == "AWS_IAM" or permission.get("InvokedViaFunctionUrl")
            self.assertTrue(restricted, permission)
        config = _resources("AWS::CloudFront::Distribution")["Distribution"]["DistributionConfig"]
        [origin] = [origin for origin in config["Origins"] if origin["Id"] == "origin"]
        self.assertEqual(
            origin["OriginAccessControlId"], {"If": ["Emulated", "!Ref AWS::NoValue", "!Ref OriginAccess"]}
        )
        access = _resources("AWS::CloudFront::OriginAccessControl")["OriginAccess"]["OriginAccessControlConfig"]
        self.assertEqual((access["OriginAccessControlOriginType"], access["SigningBehavior"]), ("lambda", "always"))
        emulated, _, groups = config["OriginGroups"]["If"]
        self.assertEqual((emulated, groups["Quantity"]), ("Emulated", 1))
        [group] = groups["Items"]
        self.assertEqual([member["OriginId"] for member in group["Members"]["Items"]], ["output", "origin"])
        # The bucket answers 403 for what is not there, because the CDN may not list it.
        self.assertEqual(group["FailoverCriteria"]["StatusCodes"]["Items"], [403, 404])
        targets = {behavior["PathPattern"]: behavior["TargetOriginId"] for behavior in config["CacheBehaviors"]}
        self.assertEqual(
            len(targets), len(config["CacheBehaviors"]), "CloudFront refuses a pattern that is there twice"
        )
        self.assertEqual(targets["*.m4s"], {"If": ["Emulated", "origin", group["Id"]]})
        self.assertEqual(targets["*.vtt"], {"If": ["Emulated", "output", group["Id"]]})
        self.assertEqual(targets["*.mp4"], "output")
        # Lambda limits a response to 6 MB (6,291,456 bytes), of base64 here, with its headers.
        emulated, _, limit = _resources("AWS::Serverless::Function")["OriginFunction"]["Environment"]["Variables"][
            "MAX_RESPONSE_BYTES"
        ]["If"]
        self.assertLess(int(limit) * 4 / 3 + 4096, 6 * 1024 * 1024)
        cached = {error["ErrorCode"]: error["ErrorCachingMinTTL"] for error in config["CustomErrorResponses"]}
        self.assertEqual(cached, {403: 1, 404: 1, 503: 0})

    def test_a_domain_has_its_certificate(self) -> None:
        document = _template()
        parameters = document["Parameters"]
        stream, api = parameters["CertificateArn"], parameters["ApiCertificateArn"]
        arn = "arn:aws:acm:{}:123456789012:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
        # CloudFront reads certificates of us-east-1 only.
        self.assertTrue(re.fullmatch(stream["AllowedPattern"], arn.format("us-east-1")))
        self.assertFalse(re.fullmatch(stream["AllowedPattern"], arn.format("eu-west-1")))
        self.assertTrue(re.fullmatch(api["AllowedPattern"], arn.format("eu-west-1")))
        for parameter in (stream, api):
            self.assertTrue(re.fullmatch(parameter["AllowedPattern"], parameter["Default"]))
        needed = {str(rule["Assertions"][0]["Assert"]) for rule in document["Rules"].values()}
        self.assertEqual(len(needed), 3)
        for name in ("CertificateArn", "ApiCertificateArn"):
            self.assertTrue(any(f"!Ref {name}'" in assertion for assertion in needed), name)
        config = _resources("AWS::CloudFront::Distribution")["Distribution"]["DistributionConfig"]
        self.assertEqual(config["Aliases"]["If"][:2], ["OwnDomain", "!Ref DomainName"], "the CDN answers to every name")
        certificate = config["ViewerCertificate"]["If"][1]
        self.assertEqual(certificate["AcmCertificateArn"], "!Ref CertificateArn")
        self.assertEqual(certificate["MinimumProtocolVersion"], "TLSv1.2_2021")
        mapping = _resources("AWS::ApiGatewayV2::ApiMapping")["ApiDomainMapping"]
        self.assertEqual((mapping["DomainName"], mapping["ApiId"]), ("!Ref ApiDomain", "!Ref HttpApi"))

    def test_the_rate_of_requests_is_a_parameter(self) -> None:
        settings = _resources("AWS::ApiGatewayV2::Stage")["HttpApiStage"]["DefaultRouteSettings"]
        limits = {"ThrottlingBurstLimit": "!Ref ApiBurst", "ThrottlingRateLimit": "!Ref ApiRequestsPerSecond"}
        self.assertEqual(settings, limits)

    def test_immutable_files_are_cached_as_long_as_they_allow(self) -> None:
        """A file states in Cache-Control how long it may be cached; the policy of its path limits that."""
        layout = (artifacts.ROOT / "crates/pipeline/src/domain/layout.rs").read_text()
        year = int(re.search(r"max-age=(\d+), immutable", layout)[1])
        distribution = _resources("AWS::CloudFront::Distribution")["Distribution"]["DistributionConfig"]
        policies = _resources("AWS::CloudFront::CachePolicy")
        behaviors = {one["PathPattern"]: one["CachePolicyId"] for one in distribution["CacheBehaviors"]}
        for pattern in ("*.m4s", "*.mp4", "*.vtt"):
            policy = policies[behaviors[pattern].removeprefix("!Ref ")]["CachePolicyConfig"]
            self.assertEqual((policy["MinTTL"], policy["MaxTTL"]), (0, year), pattern)

    def test_every_work_queue_has_a_dead_letter_queue(self) -> None:
        queues = _resources("AWS::SQS::Queue")
        dead = {name for name in queues if name.endswith("DeadQueue")}
        for name in queues.keys() - dead:
            target = queues[name]["RedrivePolicy"]["deadLetterTargetArn"]
            self.assertEqual(target, f"!GetAtt {name.removesuffix('Queue')}DeadQueue.Arn")

    def test_every_bucket_is_private_encrypted_and_aborts_incomplete_uploads(self) -> None:
        for name, bucket in _resources("AWS::S3::Bucket").items():
            self.assertTrue(all(bucket["PublicAccessBlockConfiguration"].values()), name)
            self.assertIn("BucketEncryption", bucket, name)
            rules = bucket["LifecycleConfiguration"]["Rules"]
            self.assertTrue(any("AbortIncompleteMultipartUpload" in rule for rule in rules), name)

    def test_every_function_of_the_workspace_is_in_the_template(self) -> None:
        document = _template()["Resources"].values()
        binaries = [
            resource["Metadata"]["BuildProperties"]["Binary"]
            for resource in document
            if resource["Type"] == "AWS::Serverless::Function"
        ]
        self.assertEqual(sorted(binaries), artifacts.functions())


class BuiltTemplate(unittest.TestCase):
    """The template with the local build artifacts."""

    def test_only_code_locations_change(self) -> None:
        built = artifacts.with_artifacts(artifacts.TEMPLATE.read_text(), artifacts.ROOT / "target")
        before = yaml.load(artifacts.TEMPLATE.read_text(), _Loader)
        after = yaml.load(built, _Loader)
        for name, resource in after["Resources"].items():
            code = resource.get("Properties", {}).pop("CodeUri", None)
            layer = resource.get("Properties", {}).pop("ContentUri", None)
            source = before["Resources"][name].get("Properties", {}).pop("ContentUri", None)
            if resource["Type"] == "AWS::Serverless::Function":
                binary = resource["Metadata"]["BuildProperties"]["Binary"]
                self.assertEqual(code, str(artifacts.ROOT / "target" / "lambda" / binary))
            if resource["Type"] == "AWS::Serverless::LayerVersion":
                self.assertEqual(layer, str(artifacts.ROOT / "target" / source))
                self.assertTrue((artifacts.ROOT / source / "Makefile").exists(), source)
        self.assertEqual(before, after)


if __name__ == "__main__":
    unittest.main()
