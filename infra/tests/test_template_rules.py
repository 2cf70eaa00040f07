"""The rules of `infra.template_rules`: the template keeps them, and each names a fault that is planted in a copy."""

import copy
import unittest
from collections.abc import Callable
from typing import Any

from infra.local import artifacts
from infra.template_rules.__main__ import lint
from infra.template_rules.check import check
from infra.template_rules.deployments import bases
from infra.template_rules.transform import parse, transformed

_Resources = dict[str, Any]


class TemplateRules(unittest.TestCase):
    """`python3 -m infra.template_rules`, which is part of `make check`."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = transformed(parse(artifacts.TEMPLATE.read_text()))

    def _faults(self, plant: Callable[[_Resources], None], every_deployment: bool = False) -> list[str]:
        """The findings about a copy with a planted fault."""
        template = copy.deepcopy(self.template)
        plant(template["Resources"])
        chosen = None if every_deployment else bases(template)
        return [str(finding) for finding in check(template, chosen)]

    def _assert_named(self, expected: str, plant: Callable[[_Resources], None], every_deployment: bool = False) -> None:
        faults = self._faults(plant, every_deployment)
        self.assertIn(expected, faults)

    def test_the_template_keeps_every_rule(self) -> None:
        self.assertEqual(self._faults(lambda _: None, every_deployment=True), [])
        self.assertEqual(lint(self.template), [])

    # --- the graph of references ---

    def test_a_circular_dependency_is_named_with_its_members(self) -> None:
        tag = {"Key": "bucket", "Value": {"Ref": "UploadsBucket"}}
        faults = self._faults(lambda r: _properties(r, "IngestQueue").update(Tags=[tag]))
        [fault] = [fault for fault in faults if "circular" in fault]
        self.assertRegex(fault, "(UploadsBucket|IngestQueue) -> .*(UploadsBucket|IngestQueue) -> ")

    def test_a_reference_to_a_missing_resource_is_named(self) -> None:
        self._assert_named(
            "DashQueue: refers to NoQueue, which the template does not have",
            lambda r: _properties(r, "DashQueue")["RedrivePolicy"].update(
                deadLetterTargetArn={"Fn::GetAtt": ["NoQueue", "Arn"]}
            ),
        )

    def test_a_reference_to_a_resource_that_a_deployment_lacks_is_named(self) -> None:
        self._assert_named(
            "DashFunction: refers to WebhookQueue, which this deployment does not have",
            lambda r: _variables(r, "DashFunction").update(EXTRA={"Ref": "WebhookQueue"}),
        )

    def test_a_condition_that_no_deployment_fulfils_is_named(self) -> None:
        template = copy.deepcopy(self.template)
        template["Parameters"]["New"] = {"Type": "String", "Default": ""}
        template["Conditions"]["NewFeature"] = {"Fn::Not": [{"Fn::Equals": [{"Ref": "New"}, ""]}]}
        faults = [str(finding) for finding in check(template)]
        self.assertEqual(faults, ["Conditions: NewFeature is False in every deployment that the rules look at"])

    # --- the order of creation ---

    def test_a_function_that_can_be_created_before_its_permission_to_trace_is_named(self) -> None:
        def plant(resources: _Resources) -> None:
            policies = _properties(resources, "DashRole")["Policies"]
            [traces] = [s for s in policies[0]["PolicyDocument"]["Statement"] if s.get("Sid") == "Trace"]
            policies[0]["PolicyDocument"]["Statement"].remove(traces)
            document = {"Version": "2012-10-17", "Statement": [traces]}
            roles = [{"Ref": "DashRole"}]
            resources["TracePolicy"] = {
                "Type": "AWS::IAM::Policy",
                "Properties": {"PolicyName": "trace", "PolicyDocument": document, "Roles": roles},
            }

        expected = "DashFunction: can be created before TracePolicy, which allows xray:PutTraceSegments"
        self._assert_named(expected, plant)

        def plant_with_order(resources: _Resources) -> None:
            plant(resources)
            resources["DashFunction"]["DependsOn"] = "TracePolicy"

        self.assertEqual(self._faults(plant_with_order), [])

    def test_a_mapping_without_permission_to_read_its_source_is_named(self) -> None:
        self._assert_named(
            f"DashFunctionQueue: DashRole does not allow sqs:ReceiveMessage on {_QUEUE_ARN}dash",
            lambda r: _statement(r, "DashRole", "Consume")["Action"].remove("sqs:ReceiveMessage"),
        )
        faults = self._faults(lambda r: _drop_statement(r, "AnnounceRole", "ReadChanges"))
        self.assertTrue(any(f.startswith("AnnounceFunctionChanges: AnnounceRole does not allow") for f in faults))

    def test_a_function_without_permission_to_write_its_logs_is_named(self) -> None:
        faults = self._faults(lambda r: _drop_statement(r, "ApiRole", "WriteLogs"))
        self.assertTrue(any(f.startswith("ApiFunction: ApiRole does not allow logs:PutLogEvents") for f in faults))

    def test_a_queue_that_hides_messages_for_less_than_the_timeout_is_named(self) -> None:
        self._assert_named(
            "DashFunctionQueue: the queue hides messages for less than the function's timeout of 300 s",
            lambda r: _properties(r, "DashQueue").update(VisibilityTimeout=299),
        )

    def test_a_failure_destination_that_the_role_may_not_use_is_named(self) -> None:
        self._assert_named(
            f"IngestFunctionEventInvokeConfig: IngestRole does not allow sqs:SendMessage on {_QUEUE_ARN}ingest-dead",
            lambda r: _drop_statement(r, "IngestRole", "ReportExhaustedRetries"),
        )

    def test_a_bucket_that_can_be_created_before_it_may_notify_is_named(self) -> None:
        self._assert_named(
            "UploadsBucket: can be created before IngestQueuePolicy, which lets s3.amazonaws.com send messages",
            lambda r: r["UploadsBucket"].pop("DependsOn"),
        )
        self._assert_named(
            "UploadsBucket: no policy lets s3.amazonaws.com send messages to IngestQueue",
            lambda r: _properties(r, "IngestQueuePolicy")["PolicyDocument"]["Statement"][0].update(
                Resource={"Fn::GetAtt": ["FragmentQueue", "Arn"]}
            ),
        )

    def test_a_route_whose_function_the_api_may_not_invoke_is_named(self) -> None:
        self._assert_named(
            "LicenseKeyRoute: no permission lets apigateway.amazonaws.com invoke LicenseFunction",
            lambda r: _properties(r, "LicensePermission").update(
                SourceArn={
                    "Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${HttpApi}/*/POST/license/*"
                }
            ),
        )

    def test_a_rule_that_may_not_send_to_its_target_is_named(self) -> None:
        self._assert_named(
            "WebhookRule: no policy lets events.amazonaws.com send messages to WebhookDeadQueue",
            lambda r: _properties(r, "WebhookQueuePolicy")["PolicyDocument"]["Statement"][0].update(
                Resource=[{"Fn::GetAtt": ["WebhookQueue", "Arn"]}]
            ),
        )

    def test_a_bucket_that_the_cdn_may_not_read_is_named(self) -> None:
        self._assert_named(
            "Distribution: the policy of OutputBucket does not allow CloudFront to read objects",
            lambda r: _properties(r, "OutputBucketPolicy")["PolicyDocument"]["Statement"].pop(),
        )

    # --- names ---

    def test_a_name_that_a_stack_in_another_region_also_has_is_named(self) -> None:
        name = f"{'s' * 20}-output"
        self._assert_named(
            f"OutputAccess: the name {name} does not contain the region, so another stack's is the same",
            lambda r: _properties(r, "OutputAccess")["OriginAccessControlConfig"].update(
                Name={"Fn::Sub": "${AWS::StackName}-output"}
            ),
        )

    def test_a_name_that_another_stack_of_the_region_also_has_is_named(self) -> None:
        self._assert_named(
            "DashQueue: the name dash does not contain the stack, so another stack's is the same",
            lambda r: _properties(r, "DashQueue").update(QueueName="dash"),
        )

    def test_a_bucket_without_the_account_in_its_name_is_named(self) -> None:
        self._assert_named(
            f"WorkBucket: the name {'s' * 20}-ap-southeast-1 does not contain the account, so another stack's is the same",
            lambda r: _properties(r, "WorkBucket").update(BucketName={"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}),
        )

    def test_a_name_that_is_too_long_or_used_twice_is_named(self) -> None:
        long = f"{'s' * 20}-{'x' * 50}"
        self._assert_named(
            f"DashFunction: the name {long} (71 characters) does not match [A-Za-z0-9_-]{{1,64}}",
            lambda r: _properties(r, "DashFunction").update(FunctionName={"Fn::Sub": "${AWS::StackName}-" + "x" * 50}),
        )
        self._assert_named(
            f"EncryptQueue: another resource of this type is also named {'s' * 20}-fragment",
            lambda r: _properties(r, "EncryptQueue").update(QueueName={"Fn::Sub": "${AWS::StackName}-fragment"}),
        )

    # --- permissions ---

    def test_an_action_that_does_not_exist_is_named(self) -> None:
        self._assert_named(
            "DashRole: the action s3:HeadObject does not exist",
            lambda r: _statement(r, "DashRole", "ReadPlan")["Action"].append("s3:HeadObject"),
        )

    def test_a_resource_that_an_action_does_not_take_is_named(self) -> None:
        bucket = "arn:aws:s3:::ssssssssssssssssssss-work-123456789012-ap-southeast-1"
        self._assert_named(
            f"DashRole: s3:GetObject takes accesspointobject or object, not {bucket}",
            lambda r: _statement(r, "DashRole", "ReadPlan").update(Resource={"Fn::GetAtt": ["WorkBucket", "Arn"]}),
        )
        faults = self._faults(
            lambda r: _statement(r, "AnnounceRole", "ReadChanges")["Action"].append("dynamodb:ListStreams")
        )
        self.assertTrue(any('dynamodb:ListStreams takes no resource but "*"' in fault for fault in faults))

    def test_a_resource_that_no_action_takes_is_named(self) -> None:
        self._assert_named(
            f"DashRole: no action of s3:GetObject takes {_QUEUE_ARN}dash",
            lambda r: _statement(r, "DashRole", "ReadPlan").update(
                Resource=[{"Fn::Sub": "${WorkBucket.Arn}/work/*"}, {"Fn::GetAtt": ["DashQueue", "Arn"]}]
            ),
        )

    def test_a_condition_key_that_requests_do_not_have_is_named(self) -> None:
        self._assert_named(
            "DashRole: s3:GetObject: requests have no condition key kms:ViaService",
            lambda r: _statement(r, "DashRole", "ReadPlan").update(
                Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
            ),
        )

    def test_an_operator_that_does_not_fit_its_key_is_named(self) -> None:
        def plant(operator: str, key: str, value: Any) -> Callable[[_Resources], None]:
            return lambda r: _statement(r, "EncryptRole", "UnwrapContentKey").update(Condition={operator: {key: value}})

        key = "kms:EncryptionContextKeys"
        self._assert_named(
            f"EncryptRole: ForAllValues:StringEquals of {key} also holds for a request without the key; add Null",
            plant("ForAllValues:StringEquals", key, ["packaged_content_id"]),
        )
        self._assert_named(
            f"EncryptRole: {key} has several values, unlike StringEquals expects",
            plant("StringEquals", key, "packaged_content_id"),
        )
        self._assert_named(
            "EncryptRole: NumericEquals does not compare kms:ViaService, which is of type String",
            plant("NumericEquals", "kms:ViaService", 1),
        )

    # --- sizes and ranges ---

    def test_values_outside_their_range_are_named(self) -> None:
        for name, change, expected in (
            ("IngestFunction", {"MemorySize": 10_241}, "MemorySize is 10241, not from 128 to 10240"),
            ("IngestFunction", {"Timeout": 901}, "Timeout is 901, not from 1 to 900"),
            ("DashQueue", {"VisibilityTimeout": 43_201}, "VisibilityTimeout is 43201, not from 0 to 43200"),
            ("DashQueue", {"MessageRetentionPeriod": 59}, "MessageRetentionPeriod is 59, not from 60 to 1209600"),
            ("DashFunctionQueue", {"BatchSize": 11}, "BatchSize is 11; above 10 it needs MaximumBatchingWindowInSeconds"),
            ("IngestFunctionEventInvokeConfig", {"MaximumRetryAttempts": 3}, "MaximumRetryAttempts is 3, not from 0 to 2"),
            ("EncryptWaitingAlarm", {"Period": 45}, "Period is 45, not 10, 20, 30 or a multiple of 60"),
            ("EncryptWaitingAlarm", {"EvaluationPeriods": 1_441}, "evaluates 86460 s, more than AWS does"),
        ):  # fmt: skip
            with self.subTest(expected):
                self._assert_named(f"{name}: {expected}", lambda r, n=name, c=change: _properties(r, n).update(c))

    def test_a_parameter_that_allows_a_value_outside_the_range_is_named(self) -> None:
        template = copy.deepcopy(self.template)
        template["Parameters"]["EncryptConcurrency"]["MinValue"] = 1
        template["Resources"]["EncryptFunctionQueue"]["Properties"]["ProvisionedPollerConfig"]["Fn::If"][1] = {
            "MinimumPollers": {"Ref": "EncryptPollers"},
            "MaximumPollers": {"Ref": "EncryptMaximumPollers"},
        }
        faults = [str(finding) for finding in check(template)]
        mapping = "EncryptFunctionQueue"
        self.assertIn(f"{mapping}: ScalingConfig.MaximumConcurrency is 1, not from 2 to 1000", faults)
        self.assertIn(f"{mapping}: ProvisionedPollerConfig.MinimumPollers is 1, not from 2 to 200", faults)

    def test_documents_that_are_too_large_are_named(self) -> None:
        filler = [f"arn:aws:s3:::bucket-{number:032}/*" for number in range(300)]
        faults = self._faults(lambda r: _statement(r, "DashRole", "ReadPlan").update(Resource=filler))
        self.assertTrue(any(fault.endswith("characters; the limit is 10240") for fault in faults), faults)
        faults = self._faults(lambda r: _variables(r, "DashFunction").update(EXTRA="x" * 4_096))
        self.assertTrue(any(fault.endswith("bytes; the limit is 4096") for fault in faults), faults)
        code = {"FunctionCode": "//" + "x" * 10_240}
        self._assert_named(
            "SignedPathFunction: the code has 10242 bytes; the limit is 10240",
            lambda r: _properties(r, "SignedPathFunction").update(code),
        )

    def test_a_password_whose_letters_contradict_each_other_is_named(self) -> None:
        self._assert_named(
            "OperatorToken: a password must have a letter of a kind that ExcludeCharacters excludes: add ExcludePunctuation",
            lambda r: _properties(r, "OperatorToken")["GenerateSecretString"].pop("ExcludePunctuation"),
        )

    def test_an_attribute_of_the_table_that_is_no_key_is_named(self) -> None:
        self._assert_named(
            "Table: the attribute extra is defined, but no key",
            lambda r: _properties(r, "Table")["AttributeDefinitions"].append(
                {"AttributeName": "extra", "AttributeType": "S"}
            ),
        )

    # --- schemas ---

    def test_a_property_that_a_resource_does_not_have_is_named_by_cfn_lint(self) -> None:
        template = copy.deepcopy(self.template)
        template["Resources"]["DashQueue"]["Properties"]["Visibility"] = 30
        faults = lint(template)
        self.assertTrue(any("'Visibility'" in fault and "E3002" in fault for fault in faults), faults)


_QUEUE_ARN = f"arn:aws:sqs:ap-southeast-1:123456789012:{'s' * 20}-"


def _properties(resources: _Resources, name: str) -> dict[str, Any]:
    return resources[name]["Properties"]


def _variables(resources: _Resources, function: str) -> dict[str, Any]:
    return _properties(resources, function)["Environment"]["Variables"]


def _statements(resources: _Resources, role: str) -> list[dict[str, Any]]:
    return _properties(resources, role)["Policies"][0]["PolicyDocument"]["Statement"]


def _statement(resources: _Resources, role: str, sid: str) -> dict[str, Any]:
    return next(statement for statement in _statements(resources, role) if statement.get("Sid") == sid)


def _drop_statement(resources: _Resources, role: str, sid: str) -> None:
    _statements(resources, role).remove(_statement(resources, role, sid))


if __name__ == "__main__":
    unittest.main()
