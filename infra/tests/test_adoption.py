"""The runbook of docs/operations.md for a stack that was deleted and is created again over its data."""

import unittest
from typing import Any

from infra.local import adopt
from infra.local.deploy import deploy
from infra.local.instance import STACK, Instance
from infra.local.stack import Stack
from infra.tests.on_a_stack import OnAStack
from infra.tests.temporary_stack import eventually, hold


class Adoption(OnAStack):
    """Deletes the stack and creates it again."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.instance = Instance(hold(cls)["instance"])
        cls.outputs, cls.stack = cls.instance.outputs(), Stack.local(cls.instance)

    def test_a_stack_that_is_created_again_serves_the_packages_of_the_deleted_one(self) -> None:
        package = self._package_of("kept.mp4")
        eventually(self, lambda: self._api(f"/packaged_content/{package}")["status"] == "Ready")
        before, licence = self._without_addresses(package), self._licence(package)
        table, key = self.outputs["TableName"], self.outputs["ContentKeysKey"]

        cloudformation = self.instance.client("cloudformation")
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK)
        self.assertEqual(adopt.run(self.instance.client, STACK, table), 0)
        deploy(self.instance, {"ContentKeysKeyArn": key})
        type(self).outputs, type(self).stack = self.instance.outputs(), Stack.local(self.instance)

        self.assertEqual((self.outputs["TableName"], self.outputs["ContentKeysKey"]), (table, key))
        self.assertEqual(self._without_addresses(package), before)
        self.assertEqual(self._licence(package), licence, "the key of the deleted stack opens its content keys")
        another = self._package_of("new.mp4")
        eventually(self, lambda: self._api(f"/packaged_content/{another}")["status"] == "Ready")

    def _without_addresses(self, package: str) -> dict[str, Any]:
        """A package without the addresses of the CDN and the API, which are new."""
        return {name: value for name, value in self._api(f"/packaged_content/{package}").items() if "url" not in name}


if __name__ == "__main__":
    unittest.main()
