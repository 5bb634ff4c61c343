"""daprd's own component types of the blocks that sockets may serve, as its release 1.18.3 has them."""

from __future__ import annotations

from typing import Final

#: What every unversioned type answers to; a socket's types do too (dapr: ``pkg/components/versioning.go``).
INITIAL_VERSIONS: Final = frozenset({"", "v0", "v1"})

#: By block, from dapr/dapr ``cmd/daprd/components``; a socket of one of these names takes its place.
_UNVERSIONED: Final = {
    "bindings": """
        alicloud.dingtalk.webhook alicloud.dubbo alicloud.oss alicloud.sls alicloud.tablestore apns
        aws.dynamodb aws.kinesis aws.s3 aws.ses aws.sns aws.sqs azure.blobstorage azure.cosmosdb
        azure.cosmosdb.gremlinapi azure.eventgrid azure.eventhubs azure.openai
        azure.servicebus.queues azure.servicebusqueues azure.signalr azure.storagequeues
        cloudflare.queues commercetools cron dingtalk.webhook dubbo gcp.bucket gcp.pubsub graphql
        http huawei.obs influx kafka kubemq kubernetes localstorage mqtt mqtt3 mysql postgres
        postgresql postmark rabbitmq redis rethinkdb.statechange rocketmq sftp smtp twilio.sendgrid
        twilio.sms wasm zeebe.command zeebe.jobworker
    """,
    "pubsub": """
        aws.snssqs azure.eventhubs azure.servicebus azure.servicebus.queues azure.servicebus.topics
        azure.servicebusqueues gcp.pubsub in-memory jetstream kafka kubemq mqtt mqtt3 pulsar
        rabbitmq redis rocketmq snssqs solace.amqp
    """,
    "secretstores": """
        alicloud.parameterstore aws.parameterstore aws.secretmanager azure.keyvault
        gcp.secretmanager hashicorp.vault huaweicloud.csms kubernetes local.env local.file
        tencentcloud.ssm
    """,
    "state": """
        aerospike alicloud.tablestore aws.dynamodb azure.cosmosdb azure.tablestorage cassandra
        cloudflare.workerskv coherence consul couchbase gcp.firestore hashicorp.consul hazelcast
        in-memory jetstream memcached mongodb mysql oci.objectstorage oracledatabase ravendb redis
        rethinkdb sqlite sqlite3 zookeeper
    """,
}
#: These are registered with their versions, which no socket replaces.
_VERSIONED: Final = {
    "state.azure.blobstorage": "v1 v2",
    "state.cockroachdb": "v1 v2",
    "state.etcd": "v1 v2",
    "state.postgres": "v1 v2",
    "state.postgresql": "v1 v2",
    "state.sqlserver": "v1 v2",
    "state.yugabyte": "v2",
    "state.yugabytedb": "v2",
}
_TYPES: Final = {
    **{
        f"{block}.{name}": INITIAL_VERSIONS for block, names in _UNVERSIONED.items() for name in names.split()
    },
    # without a version the default one is meant, which each of these has
    **{type_: frozenset({"", *versions.split()}) for type_, versions in _VERSIONED.items()},
}


def versions_of(type_: str) -> frozenset[str]:
    """Return in which versions daprd has a type of its own; none if it has none."""
    return _TYPES.get(type_.lower(), frozenset())


def is_replaceable(type_: str) -> bool:
    """Whether daprd has the type, and a socket of its name would stand in its place."""
    return type_.lower() in _TYPES and type_.lower() not in _VERSIONED


def types_of(block: str) -> list[str]:
    """Return daprd's own types of a block, sorted."""
    return sorted(type_ for type_ in _TYPES if type_.startswith(f"{block}."))
