"""The entry point that LocalStack finds under `LAMBDA_RUNTIME_EXECUTOR=process`."""

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin

from local_cloud.executor import ProcessExecutor


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """Names the executor; LocalStack creates one instance of it per execution environment."""

    name = "process"

    def load(self, *_args: object, **_kwargs: object) -> type[ProcessExecutor]:
        return ProcessExecutor
