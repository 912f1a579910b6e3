"""moto's server, with what its CloudFormation forgets: python -m tests.aws.server -H ADDRESS -p PORT

A stack that a change set makes has no outputs there and takes no parameter for what it was; a
change set without a change is an error and not one that failed; an instance is lost when it is to
be changed, and route tables are never removed; a change set that is not there cannot be removed, and
one by its name only while there is one of them. And no machine has written its key on the console, and Canonical has published no image.
"""

from __future__ import annotations

import sys
from typing import Any

from moto.cloudformation import models
from moto.cloudformation.responses import CloudFormationResponse
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.route_tables import RouteTable
from moto.ec2.responses import general
from moto.server import main
from moto.ssm.models import ssm_backends

from infra.aws.template import parameters
from tests.aws.conftest import HOST_KEY, KEY


def apply(self: models.ChangeSet) -> None:
    stack = self.stack
    stack.template = self.template
    stack._parse_template()
    stack.resource_map.update(self.template_dict, self.parameters)
    stack.output_map = stack._create_output_map()
    stack.parameters = dict(stack.resource_map.resolved_parameters)
    stack.resource_map.input_parameters = stack.parameters


def delete_change_set(self: models.CloudFormationBackend, change_set_name: str) -> None:
    for key, each in list(self.change_sets.items()):
        if change_set_name in (key, each.change_set_name):
            del self.change_sets[key]


def same(cls: Any, original_resource: Any, **_: Any) -> Any:
    return original_resource


def delete(cls: Any, name: str, _: Any, account_id: str, region_name: str) -> None:
    backend = ec2_backends[account_id][region_name]
    for association in list(backend.route_tables[name].associations):
        backend.disassociate_route_table(association)
    backend.delete_route_table(name)


general.SAMPLE_CONSOLE_OUTPUT += f"\nci-info: {KEY}\nkaira: SUCCESS prepared {HOST_KEY} root@host\n"
models.ChangeSet.apply = apply  # type: ignore[method-assign]
models.CloudFormationBackend.delete_change_set = delete_change_set  # type: ignore[method-assign]
CloudFormationResponse._validate_different_update = lambda *_: None  # type: ignore[method-assign]
Instance.update_from_cloudformation_json = classmethod(same)  # type: ignore[assignment]
RouteTable.delete_from_cloudformation_json = classmethod(delete)  # type: ignore[assignment]

published = ssm_backends["123456789012"]["eu-west-1"]._parameters
amazon = published["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64"]
published[str(parameters()["Ubuntu"].default)] = amazon

if __name__ == "__main__":
    main(sys.argv[1:])
