"""moto's server, with what its CloudFormation forgets: python -m tests.aws.server -H ADDRESS -p PORT

A stack that a change set makes has no outputs there and takes no parameter for what it was; a
change set without a change is an error and not one that failed; an instance is lost when it is to
be changed, and route tables are never removed.
"""

from __future__ import annotations

import sys
from typing import Any

from moto.cloudformation import models
from moto.cloudformation.responses import CloudFormationResponse
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.route_tables import RouteTable
from moto.server import main


def apply(self: models.ChangeSet) -> None:
    stack = self.stack
    stack.template, stack.parameters = self.template, self.parameters
    stack._parse_template()
    stack.resource_map.update(self.template_dict, self.parameters)
    stack.output_map = stack._create_output_map()
    stack.resource_map.input_parameters = dict(stack.resource_map.resolved_parameters)


def same(cls: Any, original_resource: Any, **_: Any) -> Any:
    return original_resource


def delete(cls: Any, name: str, _: Any, account_id: str, region_name: str) -> None:
    backend = ec2_backends[account_id][region_name]
    for association in list(backend.route_tables[name].associations):
        backend.disassociate_route_table(association)
    backend.delete_route_table(name)


models.ChangeSet.apply = apply  # type: ignore[method-assign]
CloudFormationResponse._validate_different_update = lambda *_: None  # type: ignore[method-assign]
Instance.update_from_cloudformation_json = classmethod(same)  # type: ignore[assignment]
RouteTable.delete_from_cloudformation_json = classmethod(delete)  # type: ignore[assignment]

if __name__ == "__main__":
    main(sys.argv[1:])
