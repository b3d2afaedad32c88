"""Print template.yaml as CloudFormation sees it once the SAM transform has run.

    python transform.py template.yaml > transformed.json

cfn-lint reads SAM templates too, but only this shows it the roles, rules, permissions and mappings
that SAM writes.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# Only the shape of the result matters, so any account, region and location of the code will do.
REGION = "eu-west-1"
CODE = {"Bucket": "lint", "Key": "bootstrap.zip"}


class NoManagedPolicies:
    """Stands in for the look-up in IAM: our roles are written out, SAM names none for us."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(template: dict[str, Any]) -> dict[str, Any]:
    # `sam package` puts the location of the uploaded code where the template names a folder.
    template["Globals"]["Function"].pop("CodeUri")
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = CODE
    # The translator asks boto3 for a region; a profile of the shell would be looked up first.
    os.environ.pop("AWS_PROFILE", None)
    os.environ["AWS_DEFAULT_REGION"] = REGION
    result: dict[str, Any] = transform(template, {}, NoManagedPolicies())
    return result


def main() -> None:
    template = yaml_parse(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump(transformed(template), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
