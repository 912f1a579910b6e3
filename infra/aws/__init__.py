"""Kaira on EC2, as one stack of CloudFormation: `python -m infra.aws`."""
