"""What this LocalStack can do, from its own code.

Its default asks api.localstack.cloud: when a deploy checks resource types, and when an operation
is not implemented. LocalStack prefers a plug-in of this name to that.
"""

from localstack.utils.catalog.catalog import CatalogPlugin
from localstack.utils.catalog.common import CloudFormationResourcesSupportAtRuntime


class LocalCatalog(CatalogPlugin):
    """Knows the CloudFormation types that have a provider, and claims nothing about the rest."""

    name = "aws-catalog-remote-state-with-license"

    def get_aws_service_status(self, service_name: str, operation_name: str | None = None) -> None:
        return None

    def get_cloudformation_resource_status(
        self, resource_name: str, service_name: str, is_pro_resource: bool = False
    ) -> CloudFormationResourcesSupportAtRuntime | None:
        if resource_name in self._get_cfn_resources_available_at_runtime():
            return CloudFormationResourcesSupportAtRuntime.AVAILABLE
        return None
