"""LocalStack asks this package, not the network, what it can do."""

from local_cloud.catalog import LocalCatalog
from localstack.utils.catalog.common import CloudFormationResourcesSupportAtRuntime
from localstack.utils.catalog.plugins import get_aws_catalog


def test_localstack_prefers_our_catalog() -> None:
    assert isinstance(get_aws_catalog(), LocalCatalog)


def test_only_a_type_with_a_provider_is_available() -> None:
    status = LocalCatalog().get_cloudformation_resource_status
    available = CloudFormationResourcesSupportAtRuntime.AVAILABLE
    assert status("AWS::SQS::Queue", "sqs") is available
    assert status("AWS::SES::ConfigurationSet", "ses") is None
